#include "render.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>

#include "duration.h"
#include "yaml.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kGap = "    ";

/// Characters, not bytes: UTF-8's continuation bytes take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string duration_cell(const Json& value) {
  std::int64_t seconds = 0;
  const std::string& text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return cell(value);
  return format_duration(std::chrono::seconds(seconds));
}

struct Named {
  std::string_view row;
  std::string_view member;
  bool duration = false;
};

void add_named(std::vector<Row>& rows, const Json& object, std::span<const Named> names) {
  for (const Named& name : names) {
    const Json* value = object.find(name.member);
    if (value == nullptr || value->is_null()) continue;
    rows.emplace_back(name.row, name.duration ? duration_cell(*value) : cell(*value));
  }
}

bool is_set(const Json* value) {
  return value != nullptr && !value->is_null() && !value->text().empty() && value->text() != "0";
}

void add_lease(std::vector<Row>& rows, const Json& envelope) {
  if (is_set(envelope.find("lease_id"))) {
    constexpr std::array<Named, 3> kNames{{{"lease_id", "lease_id"},
                                           {"lease_duration", "lease_duration", true},
                                           {"lease_renewable", "renewable"}}};
    add_named(rows, envelope, kNames);
  } else if (is_set(envelope.find("lease_duration"))) {
    constexpr std::array<Named, 1> kNames{{{"refresh_interval", "lease_duration", true}}};
    add_named(rows, envelope, kNames);
  }
}

void add_login(std::vector<Row>& rows, const Json& auth) {
  constexpr std::array<Named, 7> kNames{{{"token", "client_token"},
                                         {"token_accessor", "accessor"},
                                         {"token_duration", "lease_duration", true},
                                         {"token_renewable", "renewable"},
                                         {"token_policies", "token_policies"},
                                         {"identity_policies", "identity_policies"},
                                         {"policies", "policies"}}};
  add_named(rows, auth, kNames);
  for (Row& row : rows) {
    if (row.first == "token_duration" && row.second == "0s") row.second = "\u221e";
  }
  const Json* metadata = auth.find("metadata");
  if (metadata == nullptr) return;
  for (Row& row : object_rows(*metadata)) {
    rows.emplace_back("token_meta_" + row.first, std::move(row.second));
  }
}

void add_wrapping(std::vector<Row>& rows, const Json& wrap_info) {
  constexpr std::array<Named, 6> kNames{{{"wrapping_token", "token"},
                                         {"wrapping_accessor", "accessor"},
                                         {"wrapping_token_ttl", "ttl", true},
                                         {"wrapping_token_creation_time", "creation_time"},
                                         {"wrapping_token_creation_path", "creation_path"},
                                         {"wrapped_accessor", "wrapped_accessor"}}};
  add_named(rows, wrap_info, kNames);
}

}  // namespace

std::string render_table(const std::vector<Row>& rows) {
  std::vector<Row> lines{{"Key", "Value"}, {"---", "-----"}};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::size_t widest = 0;
  for (const Row& line : lines) widest = std::max(widest, width_of(line.first));
  std::string out;
  for (const Row& line : lines) {
    if (!out.empty()) out += '\n';
    out += line.first;
    if (line.second.empty()) continue;
    out.append(widest - width_of(line.first), ' ').append(kGap).append(line.second);
  }
  return out;
}

std::string render_column(std::string_view title, const std::vector<std::string>& values) {
  std::string out(title);
  out.append("\n").append(title.size(), '-');
  for (const std::string& value : values) out.append("\n").append(value);
  return out;
}

std::string render_columns(const std::vector<std::string>& titles,
                           const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::vector<std::string>> all{titles, {}};
  for (const std::string& title : titles) all[1].emplace_back(title.size(), '-');
  all.insert(all.end(), lines.begin(), lines.end());
  std::vector<std::size_t> widths(titles.size(), 0);
  for (std::vector<std::string>& line : all) {
    for (std::size_t i = 0; i < titles.size(); ++i) {
      if (line[i].empty()) line[i] = "n/a";
      widths[i] = std::max(widths[i], width_of(line[i]));
    }
  }
  std::string out;
  for (const std::vector<std::string>& line : all) {
    if (!out.empty()) out += '\n';
    for (std::size_t i = 0; i < titles.size(); ++i) {
      out += line[i];
      if (i + 1 < titles.size()) out.append(widths[i] - width_of(line[i]), ' ').append(kGap);
    }
  }
  return out;
}

std::size_t heading_width(const std::vector<Row>& rows) {
  std::size_t widest = 0;
  for (const Row& row : rows) widest = std::max(widest, width_of(row.first));
  return widest + kGap.size() + std::string_view("Value").size();
}

std::string render_heading(std::string_view title, std::size_t width) {
  const std::size_t taken = width_of(title) + 2;
  const std::size_t signs = std::max<std::size_t>(width > taken ? width - taken : 0, 4);
  const std::string side((signs + 1) / 2, '=');
  return side + " " + std::string(title) + " " + side;
}

std::string cell(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null: return "<nil>";
    case Json::Kind::boolean:
    case Json::Kind::number:
    case Json::Kind::string: return value.text();
    case Json::Kind::array:
    case Json::Kind::object: break;
  }
  return value.compact();
}

std::vector<Row> object_rows(const Json& object) {
  std::vector<Row> rows;
  for (const Json::Member& member : object.members()) {
    rows.emplace_back(member.name, cell(member.value));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<Row> metadata_rows(const Json& metadata) {
  std::vector<Row> rows = object_rows(metadata);
  for (Row& row : rows) {
    if (row.second.empty()) row.second = "n/a";
  }
  return rows;
}

bool is_bare(const Json& answer) {
  constexpr std::array<std::string_view, 6> kEnvelope = {"data",     "auth",     "wrap_info",
                                                         "lease_id", "warnings", "request_id"};
  return answer.is_object() &&
         std::none_of(kEnvelope.begin(), kEnvelope.end(),
                      [&](std::string_view name) { return answer.find(name) != nullptr; });
}

std::vector<Row> secret_rows(const Json& envelope) {
  if (is_bare(envelope)) return object_rows(envelope);
  std::vector<Row> rows;
  add_lease(rows, envelope);
  if (const Json* auth = envelope.find("auth")) add_login(rows, *auth);
  if (const Json* wrap_info = envelope.find("wrap_info")) add_wrapping(rows, *wrap_info);
  if (const Json* data = envelope.find("data")) {
    std::vector<Row> data_rows = object_rows(*data);
    std::move(data_rows.begin(), data_rows.end(), std::back_inserter(rows));
  }
  return rows;
}

std::string render(const Json& value, Format format) {
  switch (format) {
    case Format::yaml: return render_yaml(value);
    case Format::pretty: return render_pretty(value);
    case Format::table:
    case Format::raw:
    case Format::json: break;
  }
  return value.pretty();
}

}  // namespace coffer::cli
