// What a path means. An engine says which paths it has and handles requests for them; it gets its
// rows through a Context and never commits.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/trail.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/envelope/stored.h"
#include "coffer/model/caller.h"
#include "coffer/model/peer.h"
#include "coffer/model/request.h"

namespace coffer::engine {

// The view of storage that engines get, under names of this room: no engine uses `envelope` itself.
using envelope::Expect;
using envelope::ListedRow;
using envelope::OpenedRow;
using envelope::put_if_missing;
using envelope::RowName;
using envelope::SealedTransaction;
using envelope::SecretContext;
using envelope::Space;
using store::RowVersion;

/// What `tune` changes. Times of 0: the system's defaults.
struct MountConfig {
  std::chrono::seconds default_lease_ttl{0};
  std::chrono::seconds max_lease_ttl{0};
  bool force_no_cache = false;
  std::string listing_visibility{};  ///< "", "hidden" or "unauth"
  std::vector<std::string> audit_non_hmac_request_keys{};
  std::vector<std::string> audit_non_hmac_response_keys{};
};

/// Where an engine is mounted.
struct Mount {
  std::string path;  ///< "secret/", always with its slash
  std::string type;  ///< "kv"
  Uuid uuid;         ///< enters every name and key of its rows; a remount keeps it
  std::string accessor;
  std::string description;
  std::vector<std::pair<std::string, std::string>> options;  ///< {"version","2"}
  MountConfig config{};

  /// Empty if there is no such option.
  [[nodiscard]] std::string_view option(std::string_view name) const;
};

/// What else the caller of a request may do: for listings that show only what he may see.
class Access {
 public:
  virtual ~Access() = default;
  /// `path` is whole, mount and all, in canonical form. Thread-safe; no I/O.
  [[nodiscard]] virtual bool may(model::Operation operation, std::string_view path) const = 0;
  /// Whether he may write there with `sudo`, where a handler demands it for some fields alone.
  [[nodiscard]] virtual bool has_sudo(std::string_view path) const = 0;
};

/// Everything an engine may touch for one request. That it holds a Ticket is the point.
struct Context {
  audit::Ticket& ticket;
  envelope::SealedTransaction& tx;
  const model::Caller* caller;  ///< nullptr only on open paths
  const Mount& mount;
  WallTime now;
  const Access& access;
  /// Set by a handler: runs once the answer's line is on disk, before the answer leaves; not if the
  /// request fails or runs again. For what is only in memory (sys/seal). Must not block or throw.
  std::function<void()>& then;
  /// Who connected, as the kernel says, and the token as it was sent: secret, and for nothing but
  /// telling it back to its owner.
  const model::Evidence& evidence;
};

/// Slow: may wait for something outside (a database, Argon2, a program); has its own workers.
enum class Lane : std::uint8_t { fast, slow };

struct PathRule {
  model::Operation operation;
  /// Below the mount: "health" is exact; "data/*" is data/ and all that follows; a segment "+" is
  /// any one segment. The first rule of a table that fits counts: list the narrow one first.
  std::string_view pattern;
  bool open = false;  ///< no caller needed
  bool sudo = false;
  bool while_sealed = false;
  Lane lane = Lane::fast;
  std::string_view help;
};

/// A secret, where it stands and what it is bound to.
struct KnownSecret {
  RowName row;
  SecretContext context;
};

/// A key that an engine has on the token for a mount; its CKA_ID is token_key_id().
struct TokenKey {
  std::string_view kind;  ///< "ssh_ca": as sys/cryptoperiods has it; static
  std::uint32_t version = 0;
  WallTime made{};  ///< zero: not known
};
/// The mount's uuid ‖ the kind's letter ‖ the version.
[[nodiscard]] Bytes token_key_id(const Uuid& mount, char letter, std::uint32_t version);

/// Thread-safe: state lives in the store.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::span<const PathRule> paths() const = 0;
  /// The same for one mount, whose options may matter (KV's `version`): this is what requests to it
  /// are held against.
  [[nodiscard]] virtual std::span<const PathRule> paths_for(const Mount& mount) const;
  /// For a write: does the thing exist already? Decides between `create` and `update`. Engines
  /// without an answer say true.
  [[nodiscard]] virtual Result<bool> exists(Context& context, std::string_view path);
  /// Stages the end of rows of a mount that is gone, some hundred at most; true: none is left.
  /// Called again, in new transactions, until it says so. An engine without rows of its own says
  /// true.
  [[nodiscard]] virtual Result<bool> clear(envelope::SealedTransaction& tx, const Mount& mount);
  /// The secrets that exist if one of this engine's rows says so: what a restore drill opens, and
  /// how it finds out that one is missing. An engine without secrets says none. `corrupt`.
  [[nodiscard]] virtual Result<std::vector<KnownSecret>> secrets_in(const RowName& row,
                                                                    std::string_view value) const;
  /// Stages anew what leads to one of this engine's rows and what is due for it: rows of that may
  /// be lost, with a store that is damaged. Nothing for rows that nothing is due for. `corrupt`.
  [[nodiscard]] virtual Result<void> mend(envelope::SealedTransaction& tx, const RowName& row,
                                          std::string_view value, WallTime now);
  /// The keys that this mount works with now; an engine without any on the token says none.
  [[nodiscard]] virtual Result<std::vector<TokenKey>> token_keys(envelope::SealedTransaction& tx,
                                                                 const Mount& mount) const;
  /// `path` is below the mount. No effect but in context.tx; may be run again after a lost race.
  [[nodiscard]] virtual Result<model::Response> handle(Context& context,
                                                       const model::Request& request,
                                                       std::string_view path) = 0;
};

/// The rule for this operation and path; nullptr: none. `other` tells if another operation has one.
struct RuleMatch {
  const PathRule* rule = nullptr;
  bool path_known = false;
};
[[nodiscard]] RuleMatch match_rule(std::span<const PathRule> rules, model::Operation operation,
                                   std::string_view path);

}  // namespace coffer::engine
