// Values that were found outside: are they ours, and where do they stand? docs/leak-response.md.
#include "coffer/core/leak_index.h"
#include "coffer/core/leak_job.h"
#include "leak_handlers.h"

namespace coffer::sys {
namespace {

constexpr std::size_t kMostValues = 500;

Error not_values() { return invalid("field \"values\" must be a list of 1 to 500 strings"); }

/// A list and nothing else: one text with commas, as other fields take it, would be cut at the
/// commas that a secret may have.
Result<std::vector<std::string>> values_of(const model::Fields& fields) {
  bool list = false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto member = fields.member(i);
    if (member.name == "values") list = member.json.starts_with('[');
  }
  if (!list) return not_values();
  auto values = fields.strings("values");
  if (!values.ok() || !*values || (*values)->empty() || (*values)->size() > kMostValues) {
    return not_values();
  }
  return **std::move(values);
}

/// What the caller may read himself is told to him; of the rest there is a number.
class Places final {
 public:
  Places(Call& call, const core::MountTable& table) : call_(call), table_(table) {}

  Result<void> append(JsonWriter& json, const std::vector<core::LeakPlace>& places) const {
    std::int64_t hidden = 0;
    json.key("places").begin_array();
    for (const core::LeakPlace& place : places) {
      COFFER_TRY(const std::optional<Shown> shown, shown_as(place));
      if (shown) {
        append(json, *shown, place.key);
      } else {
        ++hidden;
      }
    }
    json.end_array().key("hidden").number(hidden);
    json.key("more").boolean(places.size() == core::kMostLeakPlaces);
    return {};
  }

 private:
  struct Shown {
    const engine::Mount* mount;
    engine::SecretPlace place;
  };
  static void append(JsonWriter& json, const Shown& shown, std::string_view key) {
    const engine::SecretPlace& place = shown.place;
    json.begin_object().key("mount").string(shown.mount->path);
    json.key("path").string(shown.mount->path + place.path).key("secret").string(place.name);
    json.key("kind").string(place.kind).key("pending").boolean(place.pending);
    json.key("version").number(static_cast<std::int64_t>(place.version));
    json.key("key").string(key).end_object();
  }

  Result<std::optional<Shown>> shown_as(const core::LeakPlace& place) const {
    for (const core::MountTable::Entry& entry : table_.all()) {
      if (entry.builtin || entry.mount.uuid != place.mount) continue;
      const engine::Readable* readable = engine::readable(*entry.engine);
      if (readable == nullptr) break;
      COFFER_TRY(
          auto told,
          readable->place_of(call_.context.tx, entry.mount,
                             {.mount = place.mount, .path = place.path, .version = place.version}));
      if (!told) break;
      if (!call_.context.access.may(Operation::read, entry.mount.path + told->path)) break;
      return std::optional(Shown{&entry.mount, *std::move(told)});
    }
    return std::optional<Shown>();
  }

  Call& call_;
  const core::MountTable& table_;
};

/// By the user whom the kernel names: tokens anyone can have many of.
Result<void> take_allowance(Call& call, std::size_t values) {
  const std::string caller = std::to_string(call.context.evidence.peer.uid);
  if (core::leak_index(*call.vault).checks().take(caller, values, call.parts.clock.boottime()))
    return {};
  return make_error(ErrorCode::limit_reached,
                    "too many values in a short time: 2500 a second come back, up to 250000");
}

Result<Response> check(Call& call) {
  COFFER_TRY(std::vector<std::string> values, values_of(call.request.fields));
  COFFER_CHECK(take_allowance(call, values.size()));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  const Places shown(call, *table);
  JsonWriter json;
  json.begin_object().key("checked").number(static_cast<std::int64_t>(values.size()));
  json.key("matches").begin_array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    COFFER_TRY(const auto places, core::leak_index(*call.vault).find(call.context.tx, values[i]));
    wipe(values[i]);
    if (places.empty()) continue;
    json.begin_object().key("index").number(static_cast<std::int64_t>(i));
    COFFER_CHECK(shown.append(json, places));
    json.end_object();
  }
  json.end_array().end_object();
  return answer(std::move(json));
}

Result<Response> status(Call& call) {
  COFFER_TRY(const auto job, core::leak_job(call.context.tx));
  const core::LeakJob now = job.value_or(core::LeakJob{});
  JsonWriter json;
  json.begin_object().key("complete").boolean(now.done);
  json.key("indexed_later").number(static_cast<std::int64_t>(now.secrets));
  json.key("unreadable").number(static_cast<std::int64_t>(now.unreadable)).end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> leak_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "leaks/check",
        .help = "Which of `values` are stored here, and where: told of what the caller may read, "
                "counted of the rest."},
       check},
      {{.operation = Operation::read,
        .pattern = "leaks/status",
        .help =
            "Whether all secrets have their fingerprints: those from before are done in steps."},
       status},
  };
  return kHandlers;
}

}  // namespace coffer::sys
