#include "options.h"

#include <boost/program_options.hpp>

#include "coffer/base/option_name.h"

namespace coffer::daemon {
namespace {

namespace po = boost::program_options;

po::options_description config_options() {
  po::options_description options("Options of `cofferd --config FILE`");
  options.add_options()("config", po::value<std::string>(), "the configuration (docs/coffer.toml)")(
      "check", "only say what is wrong with the configuration")("help,h", "show this")(
      "version,v", "show the version");
  return options;
}

po::options_description dev_options() {
  po::options_description options("Options of `cofferd dev`");
  options.add_options()("dir", po::value<std::string>(),
                        "where token, store, audit log, socket and root token are")(
      "audit-durability", po::value<std::string>()->default_value("power"),
      "power: the audit log survives a power cut; crash: a crash of the process only")(
      "cache-age", po::value<long>()->default_value(60),
      "seconds that a data key may be kept; 0: each read of a secret asks the token")(
      "audit-unsigned", "no checkpoints of the audit log, to measure what they cost");
  return options;
}

po::options_description offline_options() {
  po::options_description options(
      "Options of `cofferd restore`, `drill`, `root-token` and `accept-restore`");
  options.add_options()(
      "signer", po::value<std::string>(),
      "PEM of the public key that must have signed the backup; else vault.signer")(
      "scratch", po::value<std::string>(), "drill: the directory that it makes its own in")(
      "pin-stdin", "drill, root-token, accept-restore: read the token's PIN from standard input");
  return options;
}

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

bool given(const po::variables_map& values, const char* name) {
  return values.contains(name) && !values[name].defaulted();
}

Result<void> read_dev(const po::variables_map& values, Options& options) {
  if (given(values, "check")) return invalid("option --check needs --config");
  if (!given(values, "dir")) return invalid("option --dir is missing");
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
  options.audit_unsigned = given(values, "audit-unsigned");
  return {};
}

Result<void> read_config(const po::variables_map& values, Options& options) {
  for (const char* name : {"dir", "audit-durability", "cache-age", "audit-unsigned"}) {
    if (given(values, name)) return invalid("option --" + std::string(name) + " is one of `dev`");
  }
  options.config = values["config"].as<std::string>();
  options.check = given(values, "check");
  return options.config.empty() ? invalid("option --config is empty") : Result<void>();
}

/// All that is done without serving: on the vault of a configuration, or on a development vault.
Result<void> read_offline(const po::variables_map& values, Options& options) {
  if (given(values, "config") == given(values, "dir")) {
    return invalid("give either --config FILE or --dir DIR");
  }
  if (given(values, "check")) return invalid("option --check is one of serving");
  COFFER_CHECK(given(values, "config") ? read_config(values, options) : read_dev(values, options));
  const bool wants_file = options.action == Action::restore || options.action == Action::drill;
  if (wants_file != given(values, "file")) {
    return invalid(wants_file ? "the backup's file is missing" : "too many arguments");
  }
  for (const auto& [name, text] : {std::pair("file", &options.file),
                                   {"signer", &options.signer},
                                   {"scratch", &options.scratch}}) {
    if (!given(values, name)) continue;
    *text = values[name].as<std::string>();
    if (text->empty()) return invalid("option --" + std::string(name) + " is empty");
  }
  options.pin_stdin = given(values, "pin-stdin");
  return {};
}

Result<Action> action_of(const std::string& command) {
  if (command == "dev") return Action::serve;
  if (command == "restore") return Action::restore;
  if (command == "drill") return Action::drill;
  if (command == "root-token") return Action::root_token;
  if (command == "accept-restore") return Action::accept_restore;
  return invalid("the command must be dev, restore, drill, root-token or accept-restore");
}

Result<Options> read(const po::variables_map& values) {
  Options options;
  options.help = values.contains("help");
  options.version = values.contains("version");
  if (options.help || options.version) return options;
  const bool dev = values.contains("command");
  if (dev) {
    COFFER_TRY(options.action, action_of(values["command"].as<std::string>()));
  }
  if (options.action != Action::serve) {
    COFFER_CHECK(read_offline(values, options));
    return options;
  }
  for (const char* name : {"file", "signer", "scratch", "pin-stdin"}) {
    if (given(values, name)) return invalid(std::string(name) + " isn't for serving");
  }
  if (dev == given(values, "config")) return invalid("give either `dev` or --config FILE");
  COFFER_CHECK(dev ? read_dev(values, options) : read_config(values, options));
  return options;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  po::options_description all;
  all.add(config_options()).add(dev_options()).add(offline_options());
  all.add_options()("command", po::value<std::string>())("file", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("command", 1).add("file", 1);
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    return read(values);
  } catch (const po::error_with_option_name& error) {
    return invalid(bad_option(error.get_option_name()));
  } catch (const po::error&) {
    return invalid("bad command line");
  }
}

std::string usage() {
  std::ostringstream text;
  text << "Usage: cofferd --config FILE [--check]\n"
          "       cofferd dev --dir DIR [options]\n"
          "       cofferd restore|drill --config FILE [options] BACKUP\n"
          "       cofferd root-token|accept-restore --config FILE [options]\n\n"
          "The first serves as the configuration says. The second runs a development vault under\n"
          "DIR, made the first time and kept. For development only: its token is software, and\n"
          "its PIN stands beside it.\n"
          "restore puts a backup in the place of the store; the daemon must not run. drill opens\n"
          "all that a backup holds, in a scratch place. root-token makes a new root token and\n"
          "prints it; the daemon must not run. accept-restore takes on a store that isn't the one\n"
          "that the vault left. All take --dir DIR for a development vault.\n\n"
       << config_options() << "\n"
       << dev_options() << "\n"
       << offline_options();
  return text.str();
}

}  // namespace coffer::daemon
