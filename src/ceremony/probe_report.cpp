#include "probe_report.h"

#include <algorithm>

#include "coffer/base/terminal.h"
#include "coffer/model/json_writer.h"

namespace coffer::ceremony {
namespace {

/// What a token says of itself may hold anything, also what moves a terminal's cursor.
std::string plain(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string row(std::string_view name, std::string_view value) {
  std::string line(name);
  line.resize(std::max<std::size_t>(40, line.size() + 1), ' ');
  return line + plain(value) + "\n";
}

}  // namespace

std::string probe_table(const pkcs11::ProbeReport& report) {
  std::string out = row("token", report.token.label) + row("serial", report.token.serial) +
                    row("model", report.token.model) + row("library", report.library) + "\n";
  for (const pkcs11::Finding& each : report.findings) {
    std::string verdict(to_string(each.verdict));
    if (each.verdict == pkcs11::Verdict::ignored) verdict = "IGNORED";
    out += row(each.check, each.cause.empty() ? verdict : verdict + ": " + each.cause);
  }
  out += "\n" + row("profile by make", report.by_make);
  return out + row("profile that fits", report.fits.empty() ? "none" : report.fits);
}

std::string probe_json(const pkcs11::ProbeReport& report) {
  model::JsonWriter json;
  json.begin_object().key("token").begin_object();
  json.key("label").string(report.token.label).key("serial").string(report.token.serial);
  json.key("manufacturer").string(report.token.manufacturer);
  json.key("model").string(report.token.model).end_object();
  json.key("library").string(report.library);
  json.key("profile_by_make").string(report.by_make);
  json.key("profile_that_fits").string(report.fits);
  json.key("findings").begin_array();
  for (const pkcs11::Finding& each : report.findings) {
    json.begin_object().key("check").string(each.check);
    json.key("verdict").string(to_string(each.verdict));
    json.key("cause").string(each.cause).end_object();
  }
  json.end_array().end_object();
  return json_for_terminal(json.view()) + "\n";
}

}  // namespace coffer::ceremony
