#include "http/pages.h"

#include "sim/scheduler.h"
#include "sim/sim_clock.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace kontiki::http {
namespace {

class HttpPages : public ::testing::Test {
 protected:
  Response get(const std::string& path) {
    if (!handler_) handler_ = pages(views_, clock_);
    std::optional<Response> answer;
    Request request;
    request.method = "GET";
    request.path = path;
    handler_(request, [&](Response response) { answer = std::move(response); });
    EXPECT_TRUE(answer) << path;
    return answer.value_or(Response{});
  }

  sim::Scheduler scheduler_{1};
  sim::SimClock clock_{scheduler_};
  Readiness readiness_{true, "Ready."};
  broker::Metrics metrics_;
  Views views_{
      .readiness = [this] { return readiness_; },
      .collect = [this](std::move_only_function<void(broker::Metrics)> done) { done(metrics_); },
  };
  Handler handler_;
};

bool has_line(const std::string& text, const std::string& wanted) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line == wanted) return true;
  return false;
}

TEST_F(HttpPages, LiveIsTrueEvenWhenNotReady) {
  readiness_ = {false, "No leader."};
  EXPECT_EQ(get("/live").status, Status::kOk);
}

TEST_F(HttpPages, ReadySaysWhatIsMissing) {
  readiness_ = {false, "No leader."};
  EXPECT_EQ(get("/ready").status, Status::kUnavailable);
  EXPECT_EQ(get("/ready").body, "No leader.\n");
  readiness_ = {true, "Ready."};
  EXPECT_EQ(get("/ready").status, Status::kOk);
}

TEST_F(HttpPages, TheIndexNamesEveryPage) {
  const auto index = get("/").body;
  for (const char* page : {"/live", "/ready", "/metrics"}) {
    EXPECT_NE(index.find(page), std::string::npos) << page;
    EXPECT_EQ(get(page).status, Status::kOk) << page;
  }
  EXPECT_EQ(get("/metrics/").status, Status::kNotFound);
}

TEST_F(HttpPages, MetricsAreNamedAndCounted) {
  metrics_.apis[0].requests = 3;
  metrics_.apis[0].latency.record(150);
  metrics_.apis[1].requests = 7;
  metrics_.errors[6] = 2;
  metrics_.bytes_in = 1'234'567'890'123;
  metrics_.partitions_offline = 4;
  metrics_.under_replicated = 5;
  metrics_.groups_in_doubt = 6;
  get("/");  // the pages exist from here on
  scheduler_.run_for(2'500'000);
  const auto page = get("/metrics");
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_TRUE(has_line(page.body, "kontiki_requests_total{api=\"Produce\"} 3")) << page.body;
  EXPECT_TRUE(has_line(page.body, "kontiki_requests_total{api=\"Fetch\"} 7"));
  EXPECT_TRUE(has_line(page.body, "kontiki_request_errors_total{error=\"NOT_LEADER_OR_FOLLOWER\"} 2"));
  EXPECT_TRUE(has_line(page.body, "kontiki_received_bytes_total 1234567890123"));
  EXPECT_TRUE(has_line(page.body, "kontiki_partitions_offline 4"));
  EXPECT_TRUE(has_line(page.body, "kontiki_partitions_under_replicated 5"));
  EXPECT_TRUE(has_line(page.body, "kontiki_groups_in_doubt 6"));
  EXPECT_TRUE(has_line(page.body, "kontiki_uptime_seconds 2.5"));
  EXPECT_TRUE(has_line(page.body, "kontiki_ready 1"));
  EXPECT_EQ(page.body.find("kontiki_process_"), std::string::npos);
}

TEST_F(HttpPages, HistogramBucketsAreCumulativeAndEndAtInfinity) {
  for (const std::int64_t us : {40, 60, 60, 999'999'999}) metrics_.flush_times.record(us);
  const auto body = get("/metrics").body;
  const std::string name = "kontiki_wal_flush_duration_seconds";
  EXPECT_TRUE(has_line(body, "# TYPE " + name + " histogram"));
  EXPECT_TRUE(has_line(body, name + "_bucket{le=\"5e-05\"} 1")) << body;
  EXPECT_TRUE(has_line(body, name + "_bucket{le=\"0.0001\"} 3"));
  EXPECT_TRUE(has_line(body, name + "_bucket{le=\"10\"} 3"));
  EXPECT_TRUE(has_line(body, name + "_bucket{le=\"+Inf\"} 4"));
  EXPECT_TRUE(has_line(body, name + "_count 4"));
}

// A scraper drops a page with a line that it cannot read.
TEST_F(HttpPages, EveryMetricHasHelpATypeAndOurName) {
  metrics_.apis[3].requests = 1;
  metrics_.errors[5] = 1;
  views_.process = [] {
    return ProcessFacts{.resident_bytes = 1 << 20, .open_files = 9, .cpu_seconds = 1.5};
  };
  std::istringstream lines(get("/metrics").body);
  std::string helped;
  std::string typed;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      const auto rest = line.substr(7);
      helped = rest.substr(0, rest.find(' '));
      EXPECT_GT(rest.size(), helped.size() + 10) << line;
    } else if (line.starts_with("# TYPE ")) {
      const auto rest = line.substr(7);
      typed = rest.substr(0, rest.find(' '));
      EXPECT_EQ(typed, helped);
      const bool is_counter = rest.ends_with(" counter");
      EXPECT_EQ(is_counter, typed.ends_with("_total")) << line;
    } else {
      EXPECT_TRUE(line.starts_with("kontiki_")) << line;
      EXPECT_TRUE(line.starts_with(typed)) << line;
    }
  }
  EXPECT_TRUE(has_line(get("/metrics").body, "kontiki_process_resident_memory_bytes 1048576"));
}

}  // namespace
}  // namespace kontiki::http
