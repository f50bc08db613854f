// What the daemon is asked for.
#include "evidence_sources.h"

#include "coffer/model/evidence_limits.h"

namespace coffer::cli {
namespace {

using model::Json;

struct Source {
  std::string_view file;
  std::string_view path;
  std::string_view method = "GET";
};

constexpr Source kSources[] = {
    {"state/health.json", "sys/health"},
    {"state/versions.json", "sys/version-history", "LIST"},
    {"state/token.json", "sys/token"},
    {"state/clock.json", "sys/clock"},
    {"state/sbom.cdx.json", "sys/sbom"},
    {"keys/inventory.json", "sys/key-inventory"},
    {"keys/usage.json", "sys/key-usage"},
    {"keys/cryptoperiods.json", "sys/cryptoperiods"},
    {"keys/signers.json", "sys/rotate/signers"},
    {"keys/tokens.json", "sys/token-enrolments", "LIST"},
    {"rotation/keys.json", "sys/rotate/status"},
    {"rotation/config.json", "sys/rotate/config"},
    {"rotation/secrets.json", "sys/rotation", "LIST"},
    {"revocation/pending.json", "sys/leases/pending"},
    {"revocation/leases.json", "sys/leases/count"},
    {"recovery/backups.json", "sys/backup", "LIST"},
    {"recovery/last-backup.json", "sys/backup"},
    {"recovery/restore.json", "sys/restore"},
    {"recovery/drills.json", "sys/drills"},
    {"audit/status.json", "sys/audit/status"},
    {"access/mounts.json", "sys/mounts"},
    {"access/auth.json", "sys/auth"},
};

/// nullopt: the command is over. What is refused or not there comes as it is: the caller writes
/// that down.
std::optional<Answer> ask(Session& session, std::string_view path, std::string_view method,
                          std::optional<std::string> body = std::nullopt) {
  return session.ask_first(
      "gathering " + std::string(path),
      {.method = std::string(method), .path = std::string(path), .body = std::move(body)},
      {400, 403, 404, 405, 412, 500, 501, 503});
}

/// For what add_last() takes, and the manifest.
constexpr std::size_t kSpareFiles = 4;
constexpr std::size_t kSpareBytes = std::size_t{8} << 20U;

Lack kind_of(const Answer& answer) { return answer.missing() ? Lack::none : Lack::failed; }

std::string reason(const Answer& answer) {
  if (answer.missing()) return "there is none";
  const Json* const errors = answer.json.find("errors");
  const bool told = errors != nullptr && !errors->elements().empty();
  return std::to_string(answer.status) + (told ? ": " + errors->elements().front().text() : "");
}

/// `data`, or the whole answer where it has none.
std::string content_of(const Answer& answer) {
  const Json* const data = answer.json.find_path({"data"});
  return (data != nullptr ? *data : answer.json).pretty() + "\n";
}

bool gather_one(Session& session, const Source& source, Gathered& gathered) {
  const auto answer = ask(session, source.path, source.method);
  if (!answer) return false;
  // Health answers 503 with what is wrong: that too is evidence.
  if (answer->status < 300 || source.path == "sys/health") {
    gathered.add(std::string(source.file), content_of(*answer));
    // What the daemon says of its answer, as that it isn't whole, would be lost with the envelope.
    const Json* const warnings = answer->json.find("warnings");
    if (warnings != nullptr && !warnings->elements().empty()) {
      gathered.lack(std::string(source.file), warnings->elements().front().text());
    }
  } else {
    gathered.lack(std::string(source.file), reason(*answer), kind_of(*answer));
  }
  return true;
}

/// The members of one file, and those of them that couldn't be had.
class Members final {
 public:
  /// Its data, or the reason why there is none: it ended meanwhile, or couldn't be had.
  void add(const std::string& name, const Answer& answer) {
    const Json* const data = answer.json.find_path({"data"});
    const bool told = answer.status < 300 && data != nullptr;
    if (!told && !ended(answer) && refused_++ == 0) first_ = name + ": " + reason(answer);
    all_.push_back({name, told ? *data : Json::string(reason(answer))});
  }
  /// Nobody reviews an access that isn't in it: what was to be had and wasn't is told as missing.
  void put_in(Gathered& gathered, const std::string& file, bool empty_too) {
    if (refused_ > 1) first_ += "; and " + std::to_string(refused_ - 1) + " more";
    if (refused_ > 0) gathered.lack(file, first_);
    if (!all_.empty() || empty_too) {
      gathered.add(file, Json::object(std::move(all_)).pretty() + "\n");
    }
  }

 private:
  /// Since it was listed.
  static bool ended(const Answer& answer) {
    return answer.missing() || reason(answer).find("invalid accessor") != std::string::npos;
  }

  std::vector<Json::Member> all_;
  std::size_t refused_ = 0;
  std::string first_;
};

/// A list, then each of it: {"NAME": DATA}. `ask_for` makes the request out of a name.
template <typename Ask>
bool gather_each(Session& session, Gathered& gathered, const Source& source, Ask ask_for,
                 std::vector<std::string>* names = nullptr) {
  const auto listed = ask(session, source.path, source.method);
  if (!listed) return false;
  const Json* const keys = listed->json.find_path({"data", "keys"});
  if (listed->status >= 300 || keys == nullptr) {
    gathered.lack(std::string(source.file), reason(*listed), kind_of(*listed));
    return true;
  }
  Members members;
  for (const Json& key : keys->elements()) {
    if (names != nullptr) names->push_back(key.text());
    const std::optional<Answer> one = ask_for(key.text());
    if (!one) return false;
    members.add(key.text(), *one);
  }
  members.put_in(gathered, std::string(source.file), true);
  return true;
}

bool gather_attestation(Session& session, Gathered& gathered) {
  const auto answer = ask(session, "sys/token/attest", "POST", "{}");
  if (!answer) return false;
  const Json* const note = answer->json.find_path({"data", "note"});
  if (answer->status < 300 && note != nullptr) {
    gathered.add("attestation.note", note->text());
  } else {
    gathered.lack("attestation.note", reason(*answer), kind_of(*answer));
  }
  return true;
}

/// Where something is mounted below auth/, by its type.
using AuthMounts = std::vector<std::pair<std::string, std::string>>;

/// nullopt: the command is over. Who may not read it is taken to have what every vault begins with.
std::optional<AuthMounts> auth_mounts(Session& session) {
  const auto answer = ask(session, "sys/auth", "GET");
  if (!answer) return std::nullopt;
  const Json* const data = answer->json.find_path({"data"});
  if (answer->status >= 300 || data == nullptr)
    return AuthMounts{{"token", "token"}, {"unix", "unix"}};
  AuthMounts mounts;
  for (const Json::Member& mount : data->members()) {
    const Json* const type = mount.value.find("type");
    if (type == nullptr) continue;
    mounts.emplace_back(type->text(), mount.name.substr(0, mount.name.find_last_not_of('/') + 1));
  }
  return mounts;
}

/// What each mount of a type has a list of.
struct OfMounts {
  std::string_view file;
  std::string_view type;
  std::string_view list;
};
constexpr OfMounts kUnixRoles{"access/unix-roles.json", "unix", "role"};
constexpr OfMounts kTokenRoles{"access/token-roles.json", "token", "roles"};
constexpr OfMounts kTokens{"access/tokens.json", "token", "accessors"};

/// {"NAME": DATA} of all mounts of the type; a name of another mount than that which has the type's
/// own name stands behind the mount's path.
template <typename Ask>
bool gather_mounts(Session& session, Gathered& gathered, const AuthMounts& mounts,
                   const OfMounts& wanted, Ask ask_for) {
  const std::string file(wanted.file);
  Members members;
  bool any = false;
  for (const auto& [type, path] : mounts) {
    if (type != wanted.type) continue;
    any = true;
    const std::string list = "auth/" + path + "/" + std::string(wanted.list);
    const auto listed = ask(session, list, "LIST");
    if (!listed) return false;
    const Json* const keys = listed->json.find_path({"data", "keys"});
    if (listed->status >= 300 || keys == nullptr) {
      gathered.lack(file, list + ": " + reason(*listed), kind_of(*listed));
      continue;
    }
    for (const Json& key : keys->elements()) {
      const auto one = ask_for(list + "/" + key.text());
      if (!one) return false;
      const std::string name = path == type ? key.text() : path + "/" + key.text();
      members.add(name, *one);
    }
  }
  if (!any) gathered.lack(file, "no " + std::string(wanted.type) + " is mounted", Lack::none);
  members.put_in(gathered, file, false);
  return true;
}

}  // namespace

bool Gathered::has_room(const std::string& name, std::uintmax_t bytes) {
  if (files.size() >= model::kMaxEvidenceFiles - kSpareFiles) {
    lack(name, "a bundle has room for " + std::to_string(model::kMaxEvidenceFiles) + " files");
    return false;
  }
  const std::uintmax_t left = model::kMaxEvidenceBytes - kSpareBytes - bytes_;
  if (bytes <= left) return true;
  lack(name, "it has " + std::to_string(bytes) + " bytes, and the bundle has room for " +
                 std::to_string(left) + " more");
  return false;
}

void Gathered::add(std::string name, std::string content) {
  if (!has_room(name, content.size())) return;
  bytes_ += content.size();
  files.emplace_back(std::move(name), std::move(content));
}

void Gathered::add_last(std::string name, std::string content) {
  files.emplace_back(std::move(name), std::move(content));
}

std::string_view to_string(Lack lack) noexcept {
  switch (lack) {
    case Lack::none: return "none";
    case Lack::not_asked: return "not asked for";
    case Lack::failed: break;
  }
  return "failed";
}

bool gather_from_daemon(Session& session, Gathered& gathered) {
  if (!gather_attestation(session, gathered)) return false;
  for (const Source& source : kSources) {
    if (!gather_one(session, source, gathered)) return false;
  }
  return gather_each(
      session, gathered, {"revocation/responses.json", "sys/leaks/responses", "LIST"},
      [&](const std::string& name) { return ask(session, "sys/leaks/responses/" + name, "GET"); });
}

bool gather_access(Session& session, Gathered& gathered) {
  const bool policies = gather_each(
      session, gathered, {"access/policies.json", "sys/policies/acl", "LIST"},
      [&](const std::string& name) { return ask(session, "sys/policies/acl/" + name, "GET"); },
      &gathered.policies);
  if (!policies) return false;
  const auto mounts = auth_mounts(session);
  if (!mounts) return false;
  const auto named = [&](const std::string& path) { return ask(session, path, "GET"); };
  // By accessor: what a token is, never the token.
  const auto by_accessor = [&](const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string mount = path.substr(0, path.rfind('/', slash - 1));
    Json body = Json::object();
    body.set("accessor", Json::string(path.substr(slash + 1)));
    return ask(session, mount + "/lookup-accessor", "POST", body.compact());
  };
  return gather_mounts(session, gathered, *mounts, kUnixRoles, named) &&
         gather_mounts(session, gathered, *mounts, kTokenRoles, named) &&
         gather_mounts(session, gathered, *mounts, kTokens, by_accessor);
}

}  // namespace coffer::cli
