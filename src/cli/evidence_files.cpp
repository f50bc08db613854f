// What is gathered from the machine's own files.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "evidence_sources.h"
#include "shown_config.h"
#include "sibling_program.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kCheckpoints = ".checkpoints";

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.is_open() && !in.bad()) return text;
  return make_error(ErrorCode::unavailable, "cannot read " + path);
}

void add_file(Gathered& gathered, const std::string& name, const std::string& path) {
  auto text = read_file(path);
  if (text.ok()) {
    gathered.add(name, *std::move(text));
  } else {
    gathered.lack(name, text.error().text);
  }
}

/// A log that is bad is evidence as much as one that is good: its status is told in the output.
void add_output(Gathered& gathered, const std::string& name,
                const std::vector<std::string>& arguments) {
  auto output = capture_program("coffer-audit", arguments);
  if (!output.ok()) return gathered.lack(name, output.error().text);
  if (output->text.empty() && output->status != 0) {
    return gathered.lack(name, "coffer-audit ended with " + std::to_string(output->status));
  }
  gathered.add(name, std::move(output->text));
}

/// The newest, by the names of the segments that they go with.
std::string newest_checkpoints(const std::string& directory) {
  std::string newest;
  std::error_code failed;
  std::filesystem::directory_iterator it(directory, failed);
  for (; !failed && it != std::filesystem::directory_iterator(); it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kCheckpoints)) newest = std::max(newest, name);
  }
  return newest;
}

/// As a manifest takes them.
bool is_plain(std::string_view name) {
  return name.size() <= 80 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.' || c == '/';
         });
}

}  // namespace

void gather_audit(const std::string& directory, const std::string& key, Gathered& gathered) {
  std::vector<std::string> verify{"verify", "-format=json"};
  if (!key.empty()) verify.push_back("-key=" + key);
  verify.push_back(directory);
  add_output(gathered, "audit/verified.json", verify);
  add_output(gathered, "audit/report.json", {"report", "-format=json", directory});
  add_output(gathered, "audit/denied.json",
             {"search", "-outcome=denied", "-format=json", directory});
  add_file(gathered, "audit/signers", directory + "/signers");
  const std::string newest = newest_checkpoints(directory);
  if (newest.empty()) {
    gathered.lack("audit/checkpoints", "there are none beside the log");
  } else {
    add_file(gathered, "audit/checkpoints", directory + "/" + newest);
  }
}

void gather_config(const std::string& path, Gathered& gathered) {
  const auto text = read_file(path);
  if (!text.ok()) return gathered.lack("state/coffer.toml", text.error().text);
  auto shown = shown_config(*text);
  // What can't be parsed can't be told from a secret.
  if (!shown.ok()) return gathered.lack("state/coffer.toml", shown.error().text);
  gathered.add("state/coffer.toml", std::move(shown->text));
  if (shown->left_out == 0) return;
  gathered.lack("state/coffer.toml", std::to_string(shown->left_out) +
                                         " keys of it, which the daemon doesn't know or whose "
                                         "values can't be theirs");
}

void gather_ceremonies(const std::string& directory, Gathered& gathered) {
  std::error_code failed;
  std::vector<std::string> paths;
  std::filesystem::recursive_directory_iterator it(directory, failed);
  for (; !failed && it != std::filesystem::recursive_directory_iterator(); it.increment(failed)) {
    std::error_code unknown;
    if (it->is_symlink(unknown) || !it->is_regular_file(unknown)) continue;
    paths.push_back(it->path().lexically_relative(directory).string());
  }
  if (failed) return gathered.lack("ceremonies", "cannot read " + directory);
  if (paths.empty()) return gathered.lack("ceremonies", "there are none in " + directory);
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const std::string name = "ceremonies/" + path;
    if (is_plain(name) && path.front() != '.' && path.find("/.") == std::string::npos) {
      add_file(gathered, name, directory + "/" + path);
    } else {
      gathered.lack("ceremonies", "a file with another name than letters, digits, - _ . was left");
    }
  }
}

}  // namespace coffer::cli
