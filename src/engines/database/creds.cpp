// creds/: a user of its own for whoever asks.
#include <algorithm>

#include "coffer/model/json_writer.h"
#include "issue.h"
#include "retired.h"
#include "roles.h"

namespace coffer::engines::database {

using engine::Context;
using model::Request;
using model::Response;

Result<Response> read_creds(House& house, Context& context, const Request&, std::string_view name) {
  COFFER_TRY(const auto role, find_role(context.tx, context.mount.uuid, name));
  if (!role) return make_error(ErrorCode::invalid_argument, "no role of this name");
  COFFER_TRY(const Found found, connection_for(context, role->db_name, name));
  const Times times = times_of(*role, context.mount);
  const Wanted wanted{.found = found,
                      .role = *role,
                      .role_name = name,
                      .prefix = context.mount.path + "creds/" + std::string(name) + "/",
                      .ttl = times.ttl,
                      .max_ttl = times.max_ttl};
  COFFER_TRY(Issued issued, issue(house, context, wanted));
  const lifecycle::Lease lease = issued.issuing.lease();
  COFFER_CHECK(std::move(issued.issuing).stage(context.tx, context.then));
  std::vector<std::string> warnings = house.parts.leases.warnings(lease.terms);
  if (times.usual > times.ttl) warnings.push_back(lifecycle::cut_warning(times.usual, times.ttl));
  model::JsonWriter json;
  json.begin_object()
      .key("password")
      .string(as_text(issued.password.expose(Reveal{"it is what was asked for"})));
  json.key("username").string(issued.username).end_object();
  return Response{.data = std::move(json).take(),
                  .warnings = std::move(warnings),
                  .lease_duration = lease.terms.ttl,
                  .lease_id = lease.id(),
                  .renewable = lease.terms.renewable};
}

}  // namespace coffer::engines::database
