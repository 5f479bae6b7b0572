// BrokerProcess: one `kontiki server` as a child process, with its data and log in a folder of its own. Owned
// by the demo's main thread. Whatever ends the demo, the child ends with it: the destructor kills it, and the
// kernel does if the demo itself is killed.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kontiki::demo {

struct BrokerPlan {
  int node_id = 0;
  std::string binary;  // of kontiki
  std::string folder;  // data and log go below it
  std::string kafka;   // addresses, HOST:PORT
  std::string peer;
  std::string http;
  std::string seeds;
};

class BrokerProcess {
 public:
  explicit BrokerProcess(BrokerPlan plan) : plan_(std::move(plan)) {}
  ~BrokerProcess() { kill(); }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  const BrokerPlan& plan() const { return plan_; }
  std::string log_path() const;
  bool start();       // false if no process could be made
  bool is_running();  // false also when it has ended by itself
  bool is_ready();    // its health page says that it serves clients
  void kill();        // SIGKILL, and waits for the end

 private:
  BrokerPlan plan_;
  pid_t pid_ = -1;
};

// Plans for `count` brokers with ids 1, 2, ... on free ports of this machine.
std::vector<BrokerPlan> plan_brokers(const std::string& binary, const std::string& folder, int count);

}  // namespace kontiki::demo
