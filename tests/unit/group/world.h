// A coordinator with its replicated state and the log between them: shared by the tests of group. What is
// proposed is committed at once, unless it is held back.
#pragma once

#include "group/coordinator.h"
#include "gtest/gtest.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::group {

// A ConsumerProtocolSubscription of version 0.
inline Slice subscription(const std::vector<std::string>& topics) {
  std::string bytes(2, '\0');
  const auto put = [&](std::size_t value, int width) {
    for (int i = width - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  put(topics.size(), 4);
  for (const std::string& topic : topics) {
    put(topic.size(), 2);
    bytes += topic;
  }
  return Slice::copy_of(bytes + std::string(4, '\xFF'));
}

class World {
 public:
  explicit World(const Config& config = {}, std::uint64_t seed = 1) : config_(config), seed_(seed) {
    new_leader();
  }

  // The coordinator dies; what it proposed and was not committed is lost, and another one takes over.
  void new_leader() {
    held.clear();
    answers.clear();
    ++term;
    coordinator = std::make_unique<Coordinator>(groups, config_, Prng(seed_ * 1000 + term.value));
    coordinator->become_leader(term, now_ms);
    commit(EntryKind::kTermStart, {});
  }
  RequestToken token() { return RequestToken(++tokens_); }

  void commit(EntryKind kind, Slice payload) {
    Entry& entry = log.emplace_back();
    entry.header.index = Index(log.size());
    entry.header.term = term;
    entry.header.kind = kind;
    entry.payload = std::move(payload);
    groups.apply(entry);
    coordinator->applied(entry, now_ms);
  }
  // Commits what is held back, up to `count`, and whatever follows from it.
  void release(std::size_t count = SIZE_MAX) {
    take();
    for (; count > 0 && !held.empty(); --count) {
      const Slice payload = held.front();
      held.pop_front();
      commit(EntryKind::kCommand, payload);
      take();
    }
  }
  // After each call.
  void pump() {
    take();
    if (!holding) release();
  }
  void wait(std::int64_t ms) {
    const std::int64_t until_ms = now_ms + ms;
    while (coordinator->next_deadline_ms() <= until_ms) {
      now_ms = std::max(now_ms, coordinator->next_deadline_ms());
      coordinator->tick(now_ms);
      ASSERT_GT(coordinator->next_deadline_ms(), now_ms) << "what is due is done";
      pump();
    }
    now_ms = until_ms;
  }
  std::optional<Answer> answer_to(RequestToken token) {
    for (auto it = answers.begin(); it != answers.end(); ++it) {
      if (it->token != token) continue;
      Answer answer = std::move(*it);
      answers.erase(it);
      return answer;
    }
    return std::nullopt;
  }
  // Of a request that is answered at once.
  template <typename Body>
  Body answered(RequestToken token) {
    pump();
    const auto answer = answer_to(token);
    const Body* body = answer ? std::get_if<Body>(&answer->body) : nullptr;
    EXPECT_NE(body, nullptr);
    return body == nullptr ? Body() : *body;
  }

  Groups groups;
  std::unique_ptr<Coordinator> coordinator;
  std::vector<Entry> log;
  std::deque<Slice> held;
  std::vector<Answer> answers;
  Term term{0};
  std::int64_t now_ms = 1'000'000;
  bool holding = false;

 private:
  void take() {
    for (Slice& payload : coordinator->take_proposals()) held.push_back(std::move(payload));
    for (Answer& answer : coordinator->take_answers()) answers.push_back(std::move(answer));
  }

  Config config_;
  std::uint64_t seed_;
  std::uint64_t tokens_ = 0;
};

}  // namespace kontiki::group
