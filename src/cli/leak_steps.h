// What a response to a leak does, a step each: planned from what was found, before any of it.
#pragma once

#include <string>
#include <vector>

#include "kv_path.h"
#include "leak_findings.h"

namespace coffer::cli {

struct LeakStep {
  std::string act;   ///< "revoke", "end leases of", "rotate", "destroy", "lock"
  std::string what;  ///< an accessor, or the API path of a secret
  HttpRequest request;
  std::string watch{};   ///< of a rotation: the API path that tells when it last was
  bool at_once = false;  ///< a rotation that is over when it is answered

  [[nodiscard]] model::Json to_json() const;
};

/// Of the tokens that are alive among the holders, and of the leases of those that are gone and of
/// peers; not of who asks, nor of tokens that his comes from, nor of root's unless -revoke-root
/// says so. Those are told, and put into the findings as `kept`. False here and below: the command
/// is over.
[[nodiscard]] bool add_revocations(Session& session, model::Json& findings,
                                   std::vector<LeakStep>& steps);

/// What a path is: a secret's name, or that of a request, of which only some give a value.
enum class Named : std::uint8_t { by_name, by_request };
/// Of the secret at `path` of the API.
[[nodiscard]] bool add_rotation(Session& session, const std::string& path,
                                std::vector<LeakStep>& steps, Named named = Named::by_name);
[[nodiscard]] bool add_rotation(Session& session, const KvPath& secret,
                                std::vector<LeakStep>& steps);
/// Of all secrets that were read by whom the findings are about.
[[nodiscard]] bool add_rotations(Session& session, const model::Json& findings,
                                 std::vector<LeakStep>& steps);

}  // namespace coffer::cli
