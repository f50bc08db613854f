// config: what a mount says for all of its keys.
#include "coffer/model/duration.h"
#include "coffer/model/json_writer.h"
#include "handlers.h"
#include "settings.h"

namespace coffer::engines::kv {

using model::Response;

Result<Response> read_config(engine::Context& context, const model::Request& /*request*/,
                             std::string_view /*path*/) {
  COFFER_TRY(const StoredConfig stored, load_config(context));
  model::JsonWriter json;
  json.begin_object().key("cas_required").boolean(stored.config.cas_required);
  json.key("delete_version_after").string(model::to_text(stored.config.delete_version_after));
  json.key("max_versions").number(stored.config.max_versions).end_object();
  return Response{.data = std::move(json).take()};
}

Result<Response> write_config(engine::Context& context, const model::Request& request,
                              std::string_view /*path*/) {
  COFFER_TRY(const Settings settings, read_settings(request.fields, false));
  COFFER_TRY(StoredConfig stored, load_config(context));
  apply(settings, stored.config);
  COFFER_CHECK(save_config(context, stored));
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace coffer::engines::kv
