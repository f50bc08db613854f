// Where else a password is: a KV secret that the rotator `database` rotates and its static role
// have the same one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coffer/model/json_tree.h"
#include "session.h"

namespace coffer::cli {

/// A path of the API by its mount; empty parts: there is none, or the caller may not know.
struct Mounted {
  std::string path;  ///< "secret/"
  std::string rest;
  std::string type;
  bool versioned = false;
};
/// nullopt: the command is over.
[[nodiscard]] std::optional<Mounted> find_mounted(Session& session, const std::string& path);

/// What a path of the API says of what rotates; an empty object if it mustn't be read, and `denied`
/// says what that means. nullopt: the command is over.
[[nodiscard]] std::optional<model::Json> described(Session& session, const std::string& path,
                                                   std::string_view denied = {});

/// The other path of what `path` has, both as the API has them; "": there is none, or the caller
/// may not know. nullopt: the command is over.
[[nodiscard]] std::optional<std::string> other_path(Session& session, const std::string& path);

}  // namespace coffer::cli
