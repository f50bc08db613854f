// coffer-ceremony probe.
#include "coffer/pkcs11/probe.h"

#include <boost/program_options.hpp>
#include <cstdio>

#include "acts.h"
#include "coffer/base/option_name.h"
#include "pin.h"
#include "probe_report.h"

namespace coffer::ceremony {
namespace {

namespace po = boost::program_options;

constexpr std::string_view kHelp =
    "usage: coffer-ceremony probe [OPTIONS] MODULE\n"
    "\n"
    "Tries a token: how it can wrap and sign, what it accepts although it must refuse it, and\n"
    "which profile fits (docs/tokens.md). It makes keys with random ids and the label\n"
    "\"coffer probe\", and destroys each right away. It logs in once.\n"
    "\n"
    "  -uri=URI             which token (pkcs11:token=…, pkcs11:serial=…); needed\n"
    "  -pin-file=FILE       the user PIN; asked for on the terminal without it\n"
    "  -init-string=TEXT    what the module gets at C_Initialize (NSS)\n"
    "  -profile=NAME        try it as this make (auto)\n"
    "  -format=table|json   (table)\n"
    "\n"
    "exit status: 0 a profile fits; 1 it couldn't be tried; 2 no profile fits\n";

struct Options {
  bool help = false;
  bool json = false;
  std::string pin_file;
  pkcs11::TokenConfig token;
};

Result<po::variables_map> parse_words(const std::vector<std::string>& arguments) {
  po::options_description described;
  const auto text = [] { return po::value<std::string>()->default_value(""); };
  described.add_options()("help,h", "")("uri", text(), "")("pin-file", text(), "")(
      "init-string", text(), "")("profile", po::value<std::string>()->default_value("auto"), "")(
      "format", po::value<std::string>()->default_value("table"), "")("module", text(), "");
  po::positional_options_description positional;
  positional.add("module", 1);
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(arguments)
            .options(described)
            .positional(positional)
            .style(po::command_line_style::unix_style | po::command_line_style::allow_long_disguise)
            .run(),
        values);
  } catch (const po::error_with_option_name& error) {
    return make_error(ErrorCode::invalid_argument, bad_option(error.get_option_name()));
  } catch (const po::error&) {
    return make_error(ErrorCode::invalid_argument, "bad command line");
  }
  return values;
}

Result<Options> parse(const std::vector<std::string>& arguments) {
  COFFER_TRY(const po::variables_map values, parse_words(arguments));
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  Options options;
  options.help = values.contains("help");
  options.json = text("format") == "json";
  options.pin_file = text("pin-file");
  options.token.module_path = text("module");
  options.token.uri = text("uri");
  options.token.init_string = text("init-string");
  options.token.profile = text("profile");
  if (options.help) return options;
  if (!options.json && text("format") != "table") {
    return make_error(ErrorCode::invalid_argument, "-format must be table or json");
  }
  if (options.token.module_path.empty() || options.token.uri.empty()) {
    return make_error(ErrorCode::invalid_argument, "want: probe -uri=URI MODULE");
  }
  COFFER_CHECK(pkcs11::check_token_uri(options.token.uri));
  return options;
}

}  // namespace

int probe(const std::vector<std::string>& arguments) {
  const auto options = parse(arguments);
  if (!options.ok()) return complain(describe(options.error()));
  if (options->help) {
    std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
    return kDone;
  }
  const auto pin = read_pin(options->pin_file);
  if (!pin.ok()) return complain(describe(pin.error()));
  const auto report = pkcs11::probe_token(options->token, *pin);
  if (!report.ok()) return complain(describe(report.error()));
  const std::string out = options->json ? probe_json(*report) : probe_table(*report);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return report->fits.empty() ? kUnfit : kDone;
}

}  // namespace coffer::ceremony
