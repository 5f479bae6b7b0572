// Runs tests/golden/partition/*.txt. Commands:
//   elect TERM                        a new leader; what was not committed is lost
//   step-down
//   produce [pid=N epoch=N seq=N] [count=N]
//   commit [N]                        applies the next N entries, or all
//   delete OFFSET | expire            proposes the command
//   restart                           snapshot, restore, lead no more
//   epoch N                           where the leader epoch ends
//   state
// After each command the state is compared with that of a replica that replays the log.
#include "support/golden.h"

#include "replica.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace kontiki::partition {
namespace {

class Script {
 public:
  std::string run(const std::string& line) {
    std::istringstream in(line);
    std::string command;
    in >> command;
    const std::string out = run(command, in);
    EXPECT_TRUE(replica_.partition.same_state(replayed(replica_.log, replica_.partition.applied().value)))
        << line;
    return out;
  }

 private:
  static std::int64_t number(std::istringstream& in, std::int64_t otherwise) {
    std::int64_t n = 0;
    return in >> n ? n : otherwise;
  }

  std::string run(const std::string& command, std::istringstream& in) {
    Partition& p = replica_.partition;
    if (command == "elect") {
      replica_.elect(Term(static_cast<std::uint64_t>(number(in, 0))));
    } else if (command == "step-down") {
      p.step_down();
    } else if (command == "produce") {
      return produce(in);
    } else if (command == "commit") {
      replica_.commit(static_cast<std::size_t>(number(in, 1'000'000)));
    } else if (command == "delete") {
      replica_.propose(DeleteRecords{Offset(number(in, 0))});
    } else if (command == "expire") {
      replica_.propose(ExpireProducers{});
    } else if (command == "restart") {
      Partition restored;
      if (!restored.restore(p.snapshot().bytes())) return "damaged";
      p = restored;
    } else if (command == "epoch") {
      const EpochEnd end = p.end_offset_for_epoch(static_cast<std::int32_t>(number(in, -1)));
      return fmt::format("epoch {} ends at {}", end.leader_epoch, end.end_offset.value);
    } else if (command != "state") {
      return "unknown command";
    }
    return state();
  }

  std::string produce(std::istringstream& in) {
    Batch batch;
    std::string field;
    while (in >> field) {
      const auto value = std::stoll(field.substr(field.find('=') + 1));
      if (field.starts_with("pid=")) batch.producer = value;
      if (field.starts_with("epoch=")) batch.epoch = static_cast<std::int16_t>(value);
      if (field.starts_with("seq=")) batch.sequence = static_cast<std::int32_t>(value);
      if (field.starts_with("count=")) batch.count = static_cast<std::int32_t>(value);
    }
    const Admission a = replica_.produce(batch);
    if (a.verdict == Admission::Verdict::kRefused)
      return fmt::format("refused, {}: {}", to_string(a.error), a.message);
    return fmt::format("{} {} to {}{}", a.verdict == Admission::Verdict::kAppend ? "append" : "duplicate of",
                       a.base_offset.value, a.last_offset.value, a.pending ? ", pending" : "");
  }

  std::string state() const {
    const Partition& p = replica_.partition;
    std::string out =
        fmt::format("start {} hw {} end {}{}", p.log_start_offset().value, p.high_watermark().value,
                    p.log_end_offset().value, p.can_produce() ? "" : ", not leading");
    for (const auto& [last, id] : p.producers().by_age()) {
      const Producer& producer = *p.producers().find(id);
      out += fmt::format("\nproducer {} epoch {}:", id.value, producer.epoch());
      for (const ProducerBatch& b : producer.batches())
        out += fmt::format(" [{}..{}]@{}", b.first_sequence, b.last_sequence, b.base_offset.value);
    }
    return out;
  }

  Replica replica_;
};

TEST(PartitionGoldenTest, Scripts) {
  const auto scripts = support::golden_scripts("partition");
  EXPECT_GE(scripts.size(), 4u);
  for (const auto& path : scripts) {
    Script script;
    support::check_golden(path, [&](const std::string& line) { return script.run(line); });
  }
}

}  // namespace
}  // namespace kontiki::partition
