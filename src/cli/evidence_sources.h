// What a bundle of evidence is gathered from. Private to the room.
#pragma once

#include "bundle_writer.h"
#include "session.h"

namespace coffer::cli {

enum class Lack : std::uint8_t {
  failed,     ///< it was to be had, and wasn't
  none,       ///< there is nothing of the kind
  not_asked,  ///< the caller left it out
};
[[nodiscard]] std::string_view to_string(Lack lack) noexcept;

struct Missing {
  std::string file;
  std::string why;
  Lack lack = Lack::failed;
};

/// Files, and what couldn't be had with the reason: an auditor is told of both. What a bundle has
/// no room for (model/evidence_limits.h) is told as well, before it is signed: nobody could verify
/// it.
struct Gathered {
  BundleFiles files;
  std::vector<Missing> missing;
  std::vector<std::string> doubts{};    ///< what verifying found, short of bad
  std::vector<std::string> bad{};       ///< a log or a ceremony that doesn't hold
  std::vector<std::string> policies{};  ///< names of all there are

  void add(std::string name, std::string content);
  /// What tells of the others has room always.
  void add_last(std::string name, std::string content);
  /// Whether a file of so many bytes is taken; it is told if it isn't.
  [[nodiscard]] bool has_room(const std::string& name, std::uintmax_t bytes);
  void lack(std::string name, std::string why, Lack kind = Lack::failed) {
    missing.push_back({std::move(name), std::move(why), kind});
  }

 private:
  std::uintmax_t bytes_ = 0;
};

// False: the daemon isn't there or the token is refused; it has been said, exit_code() is set.
[[nodiscard]] bool gather_from_daemon(Session& session, Gathered& gathered);
/// Who may reach what: policies, roles, tokens, mounts.
[[nodiscard]] bool gather_access(Session& session, Gathered& gathered);

/// The log in `directory`: what coffer-audit makes of it, with the exit status, its signers and its
/// newest checkpoint. The report is held against `gathered.policies`.
void gather_audit(const std::string& directory, const std::string& key, Gathered& gathered);
/// As shown_config() shows it; what isn't TOML is missing.
void gather_config(const std::string& path, Gathered& gathered);
/// All plain files below it, at ceremonies/, and what coffer-ceremony makes of each directory with
/// a transcript.
void gather_ceremonies(const std::string& directory, Gathered& gathered);

}  // namespace coffer::cli
