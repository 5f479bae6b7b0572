// kontiki_bench: the load generator and the measure of the machine's limits. Prints one JSON object;
// bench/run.py calls it, and a person can.
#include "cli/command.h"
#include "clock.h"
#include "limits.h"
#include "load.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

namespace kontiki::bench {
namespace {

struct LoadCommand {
  LoadOptions options;
  std::vector<std::string> settings;

  void define(CLI::App& app) {
    define_queue(app);
    app.add_flag("--create,!--no-create", options.creates,
                 "create the topic if it is missing, and wait for it");
    define_load(app);
    define_reading(app);
  }

  void define_queue(CLI::App& app) {
    DriverOptions& queue = options.queue;
    app.add_option("--driver", options.driver,
                   fmt::format("which queue: {}", fmt::join(driver_names(), ", ")));
    app.add_option("-b,--servers", queue.servers, "HOST:PORT,...")->required();
    app.add_option("--topic", options.topic);
    app.add_option("-p,--partitions", options.partitions);
    app.add_option("-r,--replicas", options.replicas);
    app.add_option("--acks", queue.acks, "all, 1 or 0");
    app.add_option("--compression", queue.compression);
    app.add_option("--batch-bytes", queue.batch_bytes, "largest batch");
    app.add_option("--linger-ms", queue.linger_ms, "how long a batch waits for more");
    app.add_option("--set", settings,
                   "KEY=VALUE: a setting of the driver's own; may be given again. kafka: producers' "
                   "settings of librdkafka, or consumers' as consumer.KEY");
  }

  void define_load(CLI::App& app) {
    app.add_option("--producers", options.producers);
    app.add_option("--size", options.message_bytes, "bytes of a message");
    app.add_option("--window", options.queue.window, "messages outstanding at most, of each producer");
    app.add_option(
        "--rate", options.rate,
        "messages per second of all producers (open loop); 0: as many as the window lets through (closed)");
    app.add_option("--stick", options.stick, "so many messages in a row go to one partition");
    app.add_option("--warmup", options.warmup_seconds, "seconds before the time that counts");
    app.add_option("--seconds", options.seconds, "the time that counts");
    app.add_option("--drain", options.drain_seconds, "seconds to wait for answers at the end");
    app.add_option("--watch", options.watched,
                   "processes whose CPU, memory and disk writes are measured beside");
    app.add_option("--kill", options.kill, "kill -9 this process in between");
    app.add_option("--volley", options.volley,
                   "partitions that get a message at that moment, beside the load: when it is acknowledged, "
                   "the partition takes messages again")
        ->delimiter(',');
    app.add_option("--kill-after", options.kill_seconds, "after so many seconds of the time that counts");
  }

  void define_reading(CLI::App& app) {
    app.add_option("--consumers", options.consumers, "they share the partitions");
    app.add_flag("--from-beginning", options.from_beginning, "read what is there already");
    app.add_option("--read-rate", options.read_rate, "messages per second of each consumer at most");
    app.add_option("--read-bytes", options.read_bytes,
                   "end when all consumers together have so much payload");
  }

  int run() {
    read_settings();
    fmt::print("{}\n", report(options, run_load(options)));
    return 0;
  }

  int create_topic() {
    read_settings();
    const std::int64_t begin = now_ns();
    make_driver(options.driver, options.queue)
        ->create_topic(options.topic, options.partitions, options.replicas);
    fmt::print("{{\"seconds\":{}}}\n", static_cast<double>(now_ns() - begin) / 1e9);
    return 0;
  }

 private:
  void read_settings() {
    for (const std::string& setting : settings) {
      const auto at = setting.find('=');
      if (at == setting.npos) fail(fmt::format("--set wants KEY=VALUE, not '{}'", setting));
      options.queue.settings[setting.substr(0, at)] = setting.substr(at + 1);
    }
  }
};

}  // namespace
}  // namespace kontiki::bench

int main(int argc, char** argv) {
  CLI::App app("Load for message queues, and the limits of this machine; results as JSON");
  app.require_subcommand(1);
  kontiki::bench::LoadCommand load;
  CLI::App* creating = app.add_subcommand("topic", "create a topic and wait until all of it takes messages");
  load.define_queue(*creating);
  CLI::App* loading = app.add_subcommand("load", "produce, consume, and tell how fast");
  load.define(*loading);
  kontiki::bench::LimitOptions limits;
  CLI::App* measuring = app.add_subcommand("limits", "measure what disk, memory and loopback can do");
  CLI::App* replicating =
      app.add_subcommand("replicated", "of these limits the latency of a bare replicated write");
  for (CLI::App* one : {measuring, replicating}) {
    one->add_option("--folder", limits.folder, "on the file system to measure");
    one->add_option("--seconds", limits.seconds, "of each measurement");
  }
  CLI::App* listing = app.add_subcommand("drivers", "list the queues that it can drive");
  CLI11_PARSE(app, argc, argv);
  if (loading->parsed()) return load.run();
  if (creating->parsed()) return load.create_topic();
  if (listing->parsed()) {
    fmt::print("[\"{}\"]\n", fmt::join(kontiki::bench::driver_names(), "\", \""));
    return 0;
  }
  fmt::print("{}\n", replicating->parsed() ? report(measure_replicated_latency(limits))
                                           : report(measure_limits(limits)));
  return 0;
}
