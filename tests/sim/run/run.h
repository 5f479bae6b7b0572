// Run: one whole run of the simulator: a cluster, its clients, faults, healing, and judgement. Built from a
// Plan; the same plan gives the same run, event for event.
//
//   set up      brokers start, the plan's topics are created
//   safety      clients work, faults strike, onlookers check
//   heal        every fault ends, clients finish what they began: within kLivenessUs everything must work
//   audit       every replica's log is read and compared with all that was seen and acknowledged
//   after that  every node loses power at once, and the audit is repeated
#pragma once

#include "sim/check/watch.h"
#include "sim/clients/admin.h"
#include "sim/clients/consumer.h"
#include "sim/clients/deleter.h"
#include "sim/clients/group_member.h"
#include "sim/clients/producer.h"
#include "sim/cluster/broker_cluster.h"
#include "sim/cluster/process_exit.h"
#include "sim/run/faults.h"
#include "sim/run/observer.h"
#include "sim/run/plan.h"
#include "sim/run/trace.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::sim {

struct Summary {
  std::int64_t virtual_us = 0;
  std::uint64_t events = 0;
  std::uint64_t trace = 0;         // digest of the whole run
  std::uint64_t acknowledged = 0;  // records
  std::uint64_t consumed = 0;
  std::uint64_t batches = 0;  // distinct ones in the ledger
  std::uint64_t topic_changes = 0;
  std::uint64_t commits = 0;    // of offsets, acknowledged
  std::uint64_t deletions = 0;  // of records, answered
  std::uint64_t loads = 0;      // of what was not in memory, for a reader
  std::uint64_t exits = 0;      // brokers that ended themselves
  std::array<std::uint64_t, kFaultKinds> faults{};
};

class Run {
 public:
  static constexpr std::int64_t kLivenessUs = 60'000'000;

  Run(Plan plan, bool print_trace);
  ~Run();

  // True if nothing is wrong; else see violation() and trace().
  bool execute();
  const std::optional<Violation>& violation() const { return watch_.verdicts.first(); }
  const Trace& trace() const { return trace_; }
  const Plan& plan() const { return plan_; }
  Summary summary() const;

 private:
  static std::vector<std::string> client_hosts(const Plan& plan);
  std::vector<env::Address> bootstrap() const;
  bool set_up();
  bool create_topic(const TopicPlan& topic);
  void begin_clients();
  bool settle();
  bool bring_damage_to_light();
  bool audit();
  bool audit(const Observer::Group& group);
  bool audit_metadata();
  bool fall_and_rise();
  std::string what_is_missing();
  std::string what_is_missing(const Observer::Group& group);
  std::string describe(const Observer::Group& group);
  Observer::Group metadata_group() const;
  // Lets the world go on until `done`, at most for `timeout_us`; false then, or when something is broken.
  bool run_until(const std::function<bool()>& done, std::int64_t timeout_us);
  bool run_for(std::int64_t duration_us);
  void observe();
  const TopicPlan* topic_plan(const Uuid& id) const;

  const Plan plan_;
  const FatalThrows fatal_throws_;
  Simulation sim_;
  Trace trace_;
  Watch watch_;
  std::vector<SimNode*> client_nodes_;
  BrokerCluster cluster_;
  Observer observer_;
  Faults faults_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<std::unique_ptr<Admin>> admins_;
  std::vector<std::unique_ptr<GroupMember>> members_;
  std::vector<std::unique_ptr<Deleter>> deleters_;
  std::map<Uuid, std::size_t> topic_plans_;  // by the id that the topic was given
  std::int64_t next_sample_us_ = 0;
  std::uint64_t samples_ = 0;
  int audits_ = 0;
};

}  // namespace kontiki::sim
