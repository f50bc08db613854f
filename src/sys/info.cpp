// Of the daemon and the machine that it runs on.
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>

#include "coffer/core/key_inventory.h"
#include "coffer/core/settings.h"
#include "coffer/lifecycle/rotation_index.h"
#include "handlers.h"
#include "metrics.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4";

void append_host(JsonWriter& json, const struct sysinfo& info) {
  utsname name{};
  ::uname(&name);
  json.key("host").begin_object().key("hostname").string(name.nodename);
  json.key("os").string("linux").key("kernelVersion").string(name.release);
  json.key("kernelArch").string(name.machine).key("uptime").number(info.uptime);
  json.key("procs").number(info.procs).end_object();
}

void append_memory(JsonWriter& json, const struct sysinfo& info) {
  const auto bytes = [&](unsigned long units) {
    return static_cast<std::int64_t>(units) * static_cast<std::int64_t>(info.mem_unit);
  };
  json.key("memory").begin_object().key("total").number(bytes(info.totalram));
  json.key("free").number(bytes(info.freeram)).key("buffers").number(bytes(info.bufferram));
  json.key("swapTotal").number(bytes(info.totalswap)).key("swapFree").number(bytes(info.freeswap));
  json.end_object();
}

void append_disk(JsonWriter& json, const std::string& path) {
  struct statvfs disk {};
  json.key("disk").begin_array();
  if (::statvfs(path.c_str(), &disk) == 0) {
    const auto bytes = [&](std::uint64_t blocks) {
      return static_cast<std::int64_t>(blocks * disk.f_frsize);
    };
    json.begin_object().key("path").string(path).key("total").number(bytes(disk.f_blocks));
    json.key("free").number(bytes(disk.f_bavail)).end_object();
  }
  json.end_array();
}

Result<Response> host_info(Call& call) {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return make_error(ErrorCode::unavailable, "the host tells nothing");
  std::array<double, 3> load{};
  const int known = ::getloadavg(load.data(), static_cast<int>(load.size()));
  JsonWriter json;
  json.begin_object().key("timestamp").string(to_rfc3339(call.context.now));
  json.key("cpu").begin_object().key("count").number(::sysconf(_SC_NPROCESSORS_ONLN));
  json.key("load_per_cent").begin_array();
  for (int i = 0; i < known; ++i) {
    json.number(static_cast<std::int64_t>(load[static_cast<std::size_t>(i)] * 100));
  }
  json.end_array().end_object();
  append_host(json, info);
  append_memory(json, info);
  append_disk(json, call.parts.control.audit_directory());
  json.end_object();
  return answer(std::move(json));
}

Result<Response> version_history(Call& call) {
  COFFER_TRY(const auto versions, core::version_history(call.context.tx));
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const core::InstalledVersion& entry : versions) json.string(entry.version);
  json.end_array().key("key_info").begin_object();
  std::string previous;
  for (const core::InstalledVersion& entry : versions) {
    json.key(entry.version).begin_object().key("timestamp_installed");
    json.string(to_rfc3339(entry.installed)).key("build_date").string("").key("previous_version");
    if (previous.empty()) {
      json.null();
    } else {
      json.string(previous);
    }
    json.end_object();
    previous = entry.version;
  }
  json.end_object().end_object();
  return answer(std::move(json));
}

Result<Response> in_flight(Call& call) {
  JsonWriter json;
  json.begin_object();
  for (const core::InFlight::Entry& entry : call.parts.state.in_flight.all()) {
    json.key(to_string(entry.id)).begin_object();
    json.key("start_time").string(to_rfc3339(entry.start));
    json.key("operation").string(model::to_string(entry.operation));
    json.key("request_path").string(entry.path).key("peer_uid").number(entry.uid);
    json.key("peer_pid").number(entry.pid).end_object();
  }
  json.end_object();
  return answer(std::move(json));
}

Result<Response> metrics(Call& call) {
  COFFER_TRY(const std::optional<std::string> format, call.request.fields.string("format"));
  if (format && !format->empty() && *format != "prometheus") {
    return invalid("query parameter format must be prometheus");
  }
  COFFER_TRY(const std::size_t failing, lifecycle::failing_rotations(call.context.tx));
  COFFER_TRY(const auto keys, core::key_inventory(*call.vault, call.context.tx, call.context.now));
  const audit::Checkpointer* const checkpointer = call.parts.control.signing();
  std::optional<audit::SigningStatus> signing;
  if (checkpointer != nullptr) signing = checkpointer->status();
  return Response{.outcome = model::Outcome::bare,
                  .data = metrics_text(call.parts.state, *call.vault, failing, keys,
                                       signing ? &*signing : nullptr),
                  .content_type = kPrometheusText};
}

}  // namespace

std::span<const Handler> info_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "host-info",
        .help = "Processors, memory and disk of the machine."},
       host_info},
      {{.operation = Operation::list,
        .pattern = "version-history/",
        .help = "The versions of Coffer that have opened this vault."},
       version_history},
      {{.operation = Operation::read,
        .pattern = "in-flight-req",
        .help = "The requests that are being worked on."},
       in_flight},
      {{.operation = Operation::read,
        .pattern = "metrics",
        .help = "Figures in Prometheus' text format."},
       metrics},
  };
  return kHandlers;
}

}  // namespace coffer::sys
