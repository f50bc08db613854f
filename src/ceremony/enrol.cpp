// coffer-ceremony enrol: run where the further token is; what it writes is public, and goes to the
// vault by any way (coffer operator token enroll).
#include <boost/program_options.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "acts.h"
#include "coffer/base/terminal.h"
#include "enrolment.h"
#include "pin.h"

namespace coffer::ceremony {
namespace {

namespace po = boost::program_options;

struct Options {
  std::string vault;
  std::string module;
  std::string token;
  std::string profile;
  std::string pin;
  std::string sync;
  std::string out;
};

po::options_description described(Options& options) {
  po::options_description all("coffer-ceremony enrol");
  auto add = all.add_options();
  add("vault", po::value(&options.vault)->required(), "the vault's id (coffer status)");
  add("module", po::value(&options.module)->required(), "path of the token's PKCS#11 module");
  add("token", po::value(&options.token)->required(), "URI of the token: pkcs11:serial=…");
  add("profile", po::value(&options.profile)->default_value("generic-oaep"),
      "how the token is spoken to; its kek must be RSA");
  add("pin-file", po::value(&options.pin)->default_value(""),
      "file with the PIN (0400); else it is asked for");
  add("sync-directory", po::value(&options.sync)->default_value(""),
      "for tokens made of files: their directory");
  add("out", po::value(&options.out)->default_value("-"), "where the enrolment goes");
  add("help", "this");
  return all;
}

int fail(const Error& error) {
  std::fprintf(stderr, "coffer-ceremony: %s\n", for_terminal(describe(error)).c_str());
  return kUsage;
}

Result<envelope::Enrolment> run(const Options& options) {
  COFFER_TRY(const Uuid vault, parse_uuid(options.vault));
  COFFER_TRY(const SecureBytes pin, read_pin(options.pin));
  pkcs11::TokenConfig config{.module_path = options.module, .uri = options.token};
  config.sync_directory = options.sync;
  config.profile = options.profile;
  COFFER_TRY(const auto token, pkcs11::open_token(config, pin));
  return make_enrolment(*token, vault);
}

int write_out(const std::string& path, const std::string& text) {
  if (path == "-")
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? kUsage : kDone;
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (file) return 0;
  return fail(make_error(ErrorCode::unavailable, "cannot write " + path));
}

}  // namespace

int enrol(const std::vector<std::string>& arguments) {
  Options options;
  const po::options_description all = described(options);
  try {
    po::variables_map given;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .style(po::command_line_style::default_style |
                         po::command_line_style::allow_long_disguise)
                  .run(),
              given);
    if (given.count("help") > 0) {
      std::cout << all;
      return 0;
    }
    po::notify(given);
  } catch (const po::error& error) {
    return complain(error.what());
  }
  const auto enrolment = run(options);
  if (!enrolment.ok()) return fail(enrolment.error());
  return write_out(options.out, enrolment_json(*enrolment));
}

}  // namespace coffer::ceremony
