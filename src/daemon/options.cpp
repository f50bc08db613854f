#include "options.h"

#include <boost/program_options.hpp>

namespace coffer::daemon {
namespace {

namespace po = boost::program_options;

po::options_description visible_options() {
  po::options_description options("Options of `cofferd dev`");
  options.add_options()("dir", po::value<std::string>(),
                        "where token, store, audit log, socket and root token are")(
      "audit-durability", po::value<std::string>()->default_value("power"),
      "power: the audit log survives a power cut; crash: a crash of the process only")(
      "cache-age", po::value<long>()->default_value(60),
      "seconds that a data key may be kept; 0: each read of a secret asks the token")(
      "help,h", "show this")("version,v", "show the version");
  return options;
}

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

Result<Options> read(const po::variables_map& values) {
  Options options;
  options.help = values.contains("help");
  options.version = values.contains("version");
  if (options.help || options.version) return options;
  if (!values.contains("command") || values["command"].as<std::string>() != "dev") {
    return invalid("the command must be `dev`");
  }
  if (!values.contains("dir")) return invalid("option --dir is missing");
  options.directory = values["dir"].as<std::string>();
  const std::string& durability = values["audit-durability"].as<std::string>();
  if (durability != "power" && durability != "crash") {
    return invalid("option --audit-durability must be power or crash");
  }
  options.audit_durability =
      durability == "power" ? audit::Durability::power : audit::Durability::crash;
  const long age = values["cache-age"].as<long>();
  if (age < 0 || age > 86400) return invalid("option --cache-age must be 0 to 86400 seconds");
  options.cache_age = std::chrono::seconds(age);
  return options;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  po::options_description all;
  all.add(visible_options()).add_options()("command", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("command", 1);
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    return read(values);
  } catch (const po::error_with_option_name& error) {
    return invalid("bad option " + error.get_option_name());
  } catch (const po::error&) {
    return invalid("bad command line");
  }
}

std::string usage() {
  std::ostringstream text;
  text << "Usage: cofferd dev --dir DIR [options]\n\n"
          "Runs a development vault under DIR, made the first time and kept. For development\n"
          "only: its token is software, and its PIN stands beside it.\n\n"
       << visible_options();
  return text.str();
}

}  // namespace coffer::daemon
