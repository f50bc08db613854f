#include "coffer/engines/unix/unix.h"

#include "coffer/model/json_writer.h"
#include "role_fields.h"

namespace coffer::engines::unix_peer {
namespace {

using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::string_view kRolePaths = "role/";

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::list, .pattern = "role/", .help = "The names of all roles."},
    {.operation = Operation::read, .pattern = "role/+", .help = "What a role says."},
    {.operation = Operation::update,
     .pattern = "role/+",
     .help = "Make or change a role: which uid, gid, group and unit gets which policies."},
    {.operation = Operation::remove,
     .pattern = "role/+",
     .help = "Delete a role. The next request of its peers is refused."},
};

class UnixEngine final : public engine::Engine {
 public:
  explicit UnixEngine(const auth::UnixRoles& roles) : roles_(roles) {}

  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<bool> exists(Context& context, std::string_view path) override {
    COFFER_TRY(const auto stored, roles_.read(context.tx, path.substr(kRolePaths.size())));
    return stored.has_value();
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    const std::string_view name = path.substr(kRolePaths.size());
    switch (request.operation) {
      case Operation::list: return list(context);
      case Operation::read: return read(context, name);
      case Operation::create:
      case Operation::update: return write(context, request, name);
      case Operation::remove: {
        COFFER_CHECK(roles_.remove(context.tx, name));
        return Response{.outcome = model::Outcome::empty};
      }
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }

 private:
  [[nodiscard]] Result<Response> list(Context& context) const {
    COFFER_TRY(const auto names, roles_.list(context.tx));
    if (names.empty()) return make_error(ErrorCode::not_found, "");
    model::JsonWriter json;
    json.begin_object().key("keys").begin_array();
    for (const std::string& name : names) json.string(name);
    json.end_array().end_object();
    return Response{.data = std::move(json).take()};
  }

  [[nodiscard]] Result<Response> read(Context& context, std::string_view name) const {
    COFFER_TRY(const auto stored, roles_.read(context.tx, name));
    if (!stored) return make_error(ErrorCode::not_found, "");
    return Response{.data = role_data(stored->role)};
  }

  [[nodiscard]] Result<Response> write(Context& context, const Request& request,
                                       std::string_view name) const {
    COFFER_TRY(const auto stored, roles_.read(context.tx, name));
    auth::StoredUnixRole role = stored.value_or(auth::StoredUnixRole{});
    COFFER_CHECK(apply(request.fields, role));
    COFFER_CHECK(roles_.write(context.tx, name, role));
    return Response{.outcome = model::Outcome::empty};
  }

  const auth::UnixRoles& roles_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine(const auth::UnixRoles& roles) {
  return std::make_unique<UnixEngine>(roles);
}

}  // namespace coffer::engines::unix_peer
