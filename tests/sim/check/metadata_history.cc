#include "sim/check/metadata_history.h"

#include <fmt/format.h>

namespace kontiki::sim {

void MetadataHistory::loosen(Name& name) {
  if (name.late_create) {
    name.may_be_taken = true;
    name.id.reset();
  }
  if (name.late_delete) name.may_be_free = true;
}

std::string MetadataHistory::created(const std::string& topic, TopicAnswer answer, const Uuid& id,
                                     int broker) {
  ++operations_;
  Name& name = names_[topic];
  loosen(name);
  switch (answer) {
    case TopicAnswer::kDone: {
      const bool could = name.may_be_free;
      name = {.may_be_free = false,
              .may_be_taken = true,
              .id = id,
              .late_create = name.late_create,
              .late_delete = name.late_delete,
              .broker = broker};
      ++changes_;
      loosen(name);
      return could ? "" : fmt::format("{} was created though it was there", topic);
    }
    case TopicAnswer::kExists:
      if (name.may_be_taken || broker != name.broker) return {};
      return fmt::format("{} cannot be created, as if it were there, on the broker that deleted it", topic);
    case TopicAnswer::kUnknown:
    case TopicAnswer::kNothing:
      name.late_create = true;
      loosen(name);
      return {};
  }
  return {};
}

std::string MetadataHistory::deleted(const std::string& topic, TopicAnswer answer, int broker) {
  ++operations_;
  Name& name = names_[topic];
  loosen(name);
  switch (answer) {
    case TopicAnswer::kDone: {
      const bool could = name.may_be_taken;
      name = {.may_be_free = true,
              .may_be_taken = false,
              .id = {},
              .late_create = name.late_create,
              .late_delete = name.late_delete,
              .broker = broker};
      ++changes_;
      loosen(name);
      return could ? "" : fmt::format("{} was deleted though it was not there", topic);
    }
    case TopicAnswer::kUnknown:
      if (name.may_be_free || broker != name.broker) return {};
      return fmt::format("{} cannot be deleted, as if it were not there, on the broker that created it",
                         topic);
    case TopicAnswer::kExists:
    case TopicAnswer::kNothing:
      name.late_delete = true;
      loosen(name);
      return {};
  }
  return {};
}

std::string MetadataHistory::judge(const std::string& topic, const Name& name,
                                   const std::map<std::string, Uuid>& topics, const std::string& who) const {
  const auto found = topics.find(topic);
  if (found == topics.end())
    return name.may_be_free ? "" : fmt::format("{} does not have {}, which was created", who, topic);
  if (!name.may_be_taken) return fmt::format("{} has {}, which was deleted or never made", who, topic);
  if (!name.may_be_free && name.id && *name.id != found->second)
    return fmt::format("{} has {} as {}, but it was created as {}", who, topic, found->second.text(),
                       name.id->text());
  return {};
}

std::string MetadataHistory::listed(const std::map<std::string, Uuid>& topics, const std::string& prefix,
                                    int broker) const {
  for (const auto& [topic, name] : names_) {
    if (!topic.starts_with(prefix) || name.broker != broker || name.late_create || name.late_delete) continue;
    if (auto what = judge(topic, name, topics, fmt::format("the list of broker {}", broker)); !what.empty())
      return what;
  }
  return {};
}

std::string MetadataHistory::check(const std::map<std::string, Uuid>& topics, const std::string& who) const {
  for (const auto& [topic, name] : names_)
    if (auto what = judge(topic, name, topics, who); !what.empty()) return what;
  return {};
}

std::string MetadataAgreement::observe(Index applied, std::uint64_t digest, const std::string& who) {
  const auto [it, first] = seen_.try_emplace(applied, Seen{digest, who});
  if (first || it->second.digest == digest) return {};
  return fmt::format("after entry {} of the metadata's log, {} and {} have different states", applied.value,
                     who, it->second.who);
}

}  // namespace kontiki::sim
