// What the daemon knows of a leak: who could read, who did, what else they had.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coffer/model/json_tree.h"
#include "session.h"

namespace coffer::cli {

/// What leaked, or who did: a secret's path as the API has it, or the caller.
struct LeakSubject {
  std::string path{};
  std::string accessor{};
  std::string unit{};
  std::optional<std::int64_t> uid{};

  [[nodiscard]] model::Json to_json() const;
};

/// Asks for all of it: an object with `subject`, `could_read` (of a path), `could_read_there` (of
/// the other path that has the same password, if there is one), `accesses`, `also_accessed` (of a
/// path), `unix_roles` (of a caller of whom nothing else is found), `holders` and `peers`. nullopt:
/// the command is over.
[[nodiscard]] std::optional<model::Json> find_out(Session& session, const LeakSubject& subject);

/// False: the caller mustn't know it of some of the holders.
[[nodiscard]] bool tells_who_is_alive(const model::Json& findings);

/// The accessor of who runs this; empty if it isn't told. nullopt: the command is over.
[[nodiscard]] std::optional<std::string> asking_accessor(Session& session);

/// For people.
void print_findings(Session& session, const model::Json& findings);

/// Where what was accessed is today: its mount may have been moved since.
[[nodiscard]] std::string path_today(const model::Json& access);

/// The text of a member; "" for none.
[[nodiscard]] std::string text_in(const model::Json& object, std::string_view name);

}  // namespace coffer::cli
