// secrets and auth: what is mounted where. Both are the same but for the names and the API's path.
#include "commands.h"
#include "mount_table.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

/// An engine or a login method, and the words for it.
struct Kind {
  std::string_view api;
  std::string_view name;
  std::string_view none;
};

constexpr Kind kSecrets{"sys/mounts", "secrets engine", "No secrets engines are enabled."};
constexpr Kind kAuth{"sys/auth", "auth method", "No auth methods are enabled."};

int list_mounts(Session& session, const Kind& kind) {
  const auto answer =
      session.ask("listing " + std::string(kind.name) + "s", {.path = std::string(kind.api)});
  if (!answer) return session.exit_code();
  std::vector<MountColumn> columns{{"Type", "type"}, {"Accessor", "accessor"}};
  if (session.settings().detailed) {
    const std::vector<MountColumn> more{{"Default TTL", "", "default_lease_ttl"},
                                        {"Max TTL", "", "max_lease_ttl"},
                                        {"Options", "options"},
                                        {"UUID", "uuid"}};
    columns.insert(columns.end(), more.begin(), more.end());
  }
  columns.push_back({"Description", "description"});
  return print_mounts(session, *answer, columns, kind.none);
}

std::string api_path(const Kind& kind, const std::string& path) {
  return std::string(kind.api) + "/" + path;
}

/// -path without slashes around it, or the type.
std::string path_to_enable(Session& session, const std::string& type) {
  std::string path = session.flags().text("path");
  while (path.ends_with('/')) path.pop_back();
  path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  // As in Vault, a type is its own path: kv-v2 too.
  return path.empty() ? type : path;
}

int enable(Session& session, const Kind& kind) {
  const std::string type = session.path_argument(0);
  auto body = session.flag_body();
  if (!body) return kLocal;
  body->set("type", Json::string(type));
  const std::string path = path_to_enable(session, type);
  const std::string name = type + " " + std::string(kind.name);
  return carry_out(session, "enabling the " + name + " at " + path,
                   {.method = "POST", .path = api_path(kind, path), .body = body->compact()},
                   "Success! Enabled the " + name + " at: " + path + "/");
}

int disable(Session& session, const Kind& kind) {
  const std::string path = session.path_argument(0);
  return carry_out(
      session, "disabling the " + std::string(kind.name) + " at " + path,
      {.method = "DELETE", .path = api_path(kind, path)},
      "Success! Disabled the " + std::string(kind.name) + " (if it existed) at: " + path + "/");
}

int tune(Session& session, const Kind& kind) {
  const auto body = session.flag_body();
  if (!body) return kLocal;
  if (body->members().empty()) return session.fail(kLocal, "Must supply at least one setting");
  const std::string path = session.path_argument(0);
  return carry_out(
      session, "tuning the " + std::string(kind.name) + " at " + path,
      {.method = "POST", .path = api_path(kind, path) + "/tune", .body = body->compact()},
      "Success! Tuned the " + std::string(kind.name) + " at: " + path + "/");
}

int kv_enable_versioning(Session& session) {
  const std::string path = session.path_argument(0);
  return carry_out(session, "tuning the secrets engine at " + path,
                   {.method = "POST",
                    .path = api_path(kSecrets, path) + "/tune",
                    .body = R"({"options":{"version":"2"}})"},
                   "Success! Tuned the secrets engine at: " + path + "/");
}

int secrets_list(Session& session) { return list_mounts(session, kSecrets); }
int secrets_enable(Session& session) { return enable(session, kSecrets); }
int secrets_disable(Session& session) { return disable(session, kSecrets); }
int secrets_tune(Session& session) { return tune(session, kSecrets); }
int auth_list(Session& session) { return list_mounts(session, kAuth); }
int auth_enable(Session& session) { return enable(session, kAuth); }
int auth_disable(Session& session) { return disable(session, kAuth); }
int auth_tune(Session& session) { return tune(session, kAuth); }

/// The settings that can be given at once and later; `where` is "config." for the former.
std::vector<Flag> settings(bool at_once) {
  return {
      {"description", FlagKind::text, "what it is for", "description"},
      {"default-lease-ttl", FlagKind::duration, "how long leases and tokens last by themselves",
       at_once ? "config.default_lease_ttl" : "default_lease_ttl"},
      {"max-lease-ttl", FlagKind::duration, "how long at most",
       at_once ? "config.max_lease_ttl" : "max_lease_ttl"},
      {"listing-visibility", FlagKind::text, "unauth: anybody may see that it is there; or hidden",
       at_once ? "config.listing_visibility" : "listing_visibility"},
      {"audit-non-hmac-request-keys", FlagKind::list, "request fields that the audit log shows",
       at_once ? "config.audit_non_hmac_request_keys" : "audit_non_hmac_request_keys"},
      {"audit-non-hmac-response-keys", FlagKind::list, "answer fields that the audit log shows",
       at_once ? "config.audit_non_hmac_response_keys" : "audit_non_hmac_response_keys"},
      {"options", FlagKind::pairs, "an option of the type; may be repeated", "options"},
  };
}

std::vector<Flag> with(std::vector<Flag> flags, std::vector<Flag> more) {
  flags.insert(flags.begin(), more.begin(), more.end());
  return flags;
}

constexpr Flag kPath{"path", FlagKind::text, "where to mount it; the type's name, if not given"};
constexpr Flag kVersion{"version", FlagKind::text, "which version of the engine, for kv",
                        "options.version"};
constexpr Flag kTokenType{"token-type", FlagKind::text, "which tokens it gives, as service",
                          "token_type"};

Command about_mounts(std::string_view words, std::string_view synopsis, std::string_view summary,
                     std::string_view help, std::vector<Flag> flags, int (*run)(Session&),
                     Argument argument) {
  const std::size_t count = synopsis == "[flags]" ? 0 : 1;
  return {.words = words,
          .synopsis = synopsis,
          .summary = summary,
          .help = help,
          .flags = std::move(flags),
          .least = count,
          .most = count,
          .run = run,
          .argument = argument};
}

}  // namespace

std::vector<Command> secrets_commands() {
  return {
      about_mounts("secrets list", "[flags]", "List the secrets engines",
                   "Lists what is mounted where; with -detailed also how long its leases last.\n\n"
                   "    $ coffer secrets list",
                   {}, &secrets_list, Argument::other),
      about_mounts("secrets enable", "[flags] TYPE", "Mount a secrets engine",
                   "Mounts an engine of TYPE at -path, or at the type's own name.\n\n"
                   "    $ coffer secrets enable -path=team -version=2 kv",
                   with(settings(true), {kPath, kVersion}), &secrets_enable, Argument::other),
      about_mounts("secrets disable", "[flags] PATH", "Unmount an engine, with all that is in it",
                   "Removes the engine at PATH and everything that it holds.\n\n"
                   "    $ coffer secrets disable team",
                   {}, &secrets_disable, Argument::engine),
      about_mounts("secrets tune", "[flags] PATH", "Change an engine's settings",
                   "Changes the settings that are given, of the engine at PATH.\n\n"
                   "    $ coffer secrets tune -max-lease-ttl=48h team",
                   with(settings(false), {kVersion}), &secrets_tune, Argument::engine),
      about_mounts(
          "kv enable-versioning", "[flags] PATH", "Take a kv engine to version 2",
          "From now on the kv engine at PATH keeps versions of its secrets. What is there\n"
          "becomes their first one that can be read again. There is no way back.\n\n"
          "    $ coffer kv enable-versioning team",
          {}, &kv_enable_versioning, Argument::engine),
  };
}

std::vector<Command> auth_commands() {
  return {
      about_mounts("auth list", "[flags]", "List the auth methods",
                   "Lists by what callers can prove who they are.\n\n"
                   "    $ coffer auth list",
                   {}, &auth_list, Argument::other),
      about_mounts("auth enable", "[flags] TYPE", "Enable an auth method",
                   "Enables an auth method of TYPE at -path, or at the type's own name.\n\n"
                   "    $ coffer auth enable -path=people userpass",
                   with(settings(true), {kPath}), &auth_enable, Argument::other),
      about_mounts("auth disable", "[flags] PATH", "Disable an auth method",
                   "Removes the auth method at PATH. Tokens that it gave end.\n\n"
                   "    $ coffer auth disable people",
                   {}, &auth_disable, Argument::login_method),
      about_mounts("auth tune", "[flags] PATH", "Change an auth method's settings",
                   "Changes the settings that are given, of the auth method at PATH.\n\n"
                   "    $ coffer auth tune -max-lease-ttl=8h people",
                   with(settings(false), {kTokenType}), &auth_tune, Argument::login_method),
  };
}

}  // namespace coffer::cli
