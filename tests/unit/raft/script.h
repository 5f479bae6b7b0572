// Script: the interpreter of the golden scripts in tests/golden/raft.
//
// In a script, a line that starts with "> " is a command, "#" a comment; everything else is the expected
// output of the command above it. N, A, B are node ids. Commands:
//
//   cluster N [learners=K] [voters=1,2] [start=I@T] [auto] [entries=K] [messages=K] [bytes=K]
//                            nodes 1..N with empty logs that begin after entry I of term T; `auto`: writes
//                            are durable at once; then the limits of Options
//   log N TERM:COUNT... [term=T]  node N starts anew with these entries on disk; equal (index, term) are
//   equal entries campaign N | tick N [K] | propose N [K] | read N CONTEXT | transfer N TO configure N
//   voters=.. [learners=..] [epoch=E] down N P | up N P        node N is told that P is down or up not-leader
//   A B the driver of A tells B that A does not lead persist N [K]            the next K writes (all) become
//   durable, and the core is told sync N [K] | ack N NUMBER  the two halves of it: durable; told of one step
//   fill N K no more than K entries fit into a message of N deliver [A->B | #ID...]  all packets until none
//   is left; only those on a link; only these drop [A->B | #ID...] | duplicate [A->B | #ID...] | reverse cut
//   A B | join A B | isolate N | heal crash N | restart N | forget N [since=E] [term=T] (starts anew with
//   nothing, as a member since epoch E) | compact N INDEX | snapshot A B state [N] | network | writes N |
//   quiet  (nothing needs a tick, nothing is under way)
#pragma once

#include "unit/raft/cluster.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::raft::test {

class Script {
 public:
  // Runs the whole text and returns it with the output that the commands really have.
  std::string run(const std::string& text);
  // Empty if no invariant broke.
  std::string broken() const { return cluster_ ? cluster_->broken() : std::string(); }

 private:
  struct Command {
    std::vector<std::string> words;              // without options
    std::map<std::string, std::string> options;  // key=value
    std::uint64_t number(std::size_t i, std::uint64_t otherwise) const;
    NodeId node(std::size_t i) const;
  };
  using Handler = void (Script::*)(const Command&);

  void execute(const Command& command);
  void make_cluster(const Command&);
  void log(const Command&);
  void event(const Command&);
  void configure(const Command&);
  void disk(const Command&);
  void deliver(const Command&);
  void packets(const Command&);
  void links(const Command&);
  void life(const Command&);
  void show(const Command&);
  void say(const std::string& line) { output_ += line + "\n"; }

  std::unique_ptr<Cluster> cluster_;
  std::string output_;
};

}  // namespace kontiki::raft::test
