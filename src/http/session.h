// Session: one HTTP connection: reads requests, asks for an answer, sends it, in turn. Owned by its Server;
// lives on the server's executor. Callbacks hold a weak reference, so one that comes late does nothing.
//
// Bounded: one request is served at a time and nothing is read meanwhile, so what a client can make us hold
// is Parser's bound and one answer. Each of the three things that a session waits for (a request, the page,
// the client taking the answer) ends after Options::idle_us.
#pragma once

#include "env/executor.h"
#include "env/network.h"
#include "http/message.h"
#include "http/parser.h"

#include <cstdint>
#include <memory>

namespace kontiki::http {

class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Options {
    std::int64_t idle_us = 60'000'000;
    std::int64_t linger_us = 1'000'000;  // for a refused client to read why
  };

  // `handler` and `executor` outlive the session; `ended` runs once, in a task of its own.
  Session(std::unique_ptr<env::Connection> connection, env::Executor& executor, const Handler& handler,
          const Options& options, env::Task ended);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();

 private:
  static constexpr std::size_t kReadBytesMax = 4096;
  static constexpr std::size_t kLingerBytesMax = 256 << 10;

  void read();
  void received(Result<Slice, env::NetworkError> bytes);
  void serve_next();
  void serve(const Request& request);
  void answer(std::uint64_t request, Response response);
  void refuse(Status status);
  void sent();
  void discard();
  void wait(std::int64_t duration_us);  // (re)starts the timer
  void timed_out();
  void end();

  env::Executor& executor_;
  const Handler& handler_;
  const Options options_;
  env::Task ended_;

  std::unique_ptr<env::Connection> connection_;
  Parser parser_;
  env::TimerId timer_ = env::TimerId::kNone;
  std::uint64_t request_ = 0;  // number of the request served, to know a late answer to an earlier one
  bool serving_ = false;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool refused_ = false;  // the peer may be sending still: let it read the answer first
  std::size_t discarded_ = 0;
  bool ended_already_ = false;
};

}  // namespace kontiki::http
