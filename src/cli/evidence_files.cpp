// What is gathered from the machine's own files.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "evidence_sources.h"
#include "file_descriptor.h"
#include "shown_config.h"
#include "sibling_program.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kCheckpoints = ".checkpoints";
constexpr std::string_view kTranscript = "transcript";
constexpr std::string_view kRehearsal = "rehearsal";
/// How coffer-audit begins to tell of lines at the end that aren't signed yet.
constexpr std::string_view kUnsignedTail = "no checkpoint of the keys given covers";
constexpr int kTriesUntilSigned = 5;
constexpr std::chrono::milliseconds kBetweenSignatures{1200};

/// The daemon's configuration is a page or two; more is something else.
constexpr std::size_t kLargestConfig = std::size_t{1} << 20U;

/// A pipe that somebody put beside the log would be waited for, for ever.
Result<std::string> read_plain(const std::string& path, std::size_t largest = std::string::npos) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    return make_error(ErrorCode::unavailable, "cannot read " + path);
  }
  if (!S_ISREG(about.st_mode)) {
    return make_error(ErrorCode::unavailable, "not a regular file: " + path);
  }
  std::string text;
  std::vector<char> piece(std::size_t{1} << 16U);
  while (text.size() <= largest) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return make_error(ErrorCode::unavailable, "cannot read " + path);
    if (size == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return make_error(ErrorCode::unavailable, "too large: " + path);
}

void add_file(Gathered& gathered, const std::string& name, const std::string& path) {
  // Before it is read: it may be the image of a disk.
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && !gathered.has_room(name, size)) return;
  auto text = read_plain(path);
  if (text.ok()) {
    gathered.add(name, *std::move(text));
  } else {
    gathered.lack(name, text.error().text);
  }
}

/// What a verifier printed, with its exit status. nullopt: that is missing, and told.
std::optional<Json> verified(Gathered& gathered, const std::string& name, std::string_view program,
                             const std::vector<std::string>& arguments) {
  auto output = capture_program(program, arguments);
  auto json = output.ok() ? Json::parse(output->text) : Result<Json>(output.error());
  if (json.ok() && json->is_object()) {
    json->set("status", Json::number(output->status));
    return *std::move(json);
  }
  gathered.lack(name, output.ok() ? std::string(program) + " ended with " +
                                        std::to_string(output->status) + ", and told nothing"
                                  : output.error().text);
  return std::nullopt;
}

std::string text_in(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* const found = json.find_path(path);
  return found == nullptr ? std::string() : found->text();
}

bool is_good(const Json& json) { return text_in(json, {"good"}) == "true"; }

std::uint64_t number_in(const Json& json, std::string_view name) {
  const std::string text = text_in(json, {name});
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The token signs once a second, and our own requests are the newest lines: as often as it takes
/// until what was unsigned at first is signed. On a busy vault there is always a newer one:
/// "tail_signed_since" says that all of the tail of the time before was signed.
std::optional<Json> verified_log(Gathered& gathered, const std::string& name,
                                 const std::vector<std::string>& arguments) {
  auto log = verified(gathered, name, "coffer-audit", arguments);
  if (!log || number_in(*log, "unsigned_from") == 0) return log;
  const std::uint64_t last = number_in(*log, "last_sequence");
  for (int tries = 0; tries < kTriesUntilSigned; ++tries) {
    std::this_thread::sleep_for(kBetweenSignatures);
    auto again = verified(gathered, name, "coffer-audit", arguments);
    if (!again) return again;
    const std::uint64_t from = number_in(*again, "unsigned_from");
    log = std::move(again);
    if (from == 0) return log;
    if (from <= last) continue;
    log->set("tail_signed_since", Json::boolean(true));
    return log;
  }
  return log;
}

/// How many lines the vault had signed, by its own answer of before the log was read. 0: it didn't
/// say.
std::uint64_t signed_by_vault(const Gathered& gathered) {
  for (const auto& [name, content] : gathered.files) {
    if (name != "audit/status.json") continue;
    const auto status = Json::parse(content);
    return status.ok() ? number_in(*status, "signed_lines") : 0;
  }
  return 0;
}

/// A log that is bad is evidence as much as one that is good.
void add_verified_log(Gathered& gathered, const std::vector<std::string>& arguments,
                      bool with_key) {
  const std::string name = "audit/verified.json";
  auto log = verified_log(gathered, name, arguments);
  if (!log) return;
  log->set("with_key", Json::boolean(with_key));
  if (!is_good(*log)) {
    gathered.bad.push_back("the audit log: " + text_in(*log, {"bad", "file"}) + " line " +
                           text_in(*log, {"bad", "line"}) + ": " + text_in(*log, {"bad", "what"}));
  }
  const std::uint64_t lines = number_in(*log, "last_sequence");
  if (const std::uint64_t told = signed_by_vault(gathered); is_good(*log) && lines < told) {
    gathered.bad.push_back("the audit log: it ends with line " + std::to_string(lines) +
                           ", and the vault has signed " + std::to_string(told) +
                           ": it isn't the vault's log, or it was cut");
  }
  if (!with_key) {
    gathered.doubts.emplace_back(
        "the audit log was verified without a key: whoever wrote it may have signed it");
  }
  const bool young_tail = log->find("tail_signed_since") != nullptr;
  if (const Json* const doubts = log->find("doubts"); doubts != nullptr) {
    for (const Json& doubt : doubts->elements()) {
      const std::string& text = doubt.text();
      if (young_tail && text.starts_with(kUnsignedTail)) continue;
      gathered.doubts.push_back("the audit log: " + text);
    }
  }
  gathered.add(name, log->pretty() + "\n");
}

void add_output(Gathered& gathered, const std::string& name,
                const std::vector<std::string>& arguments) {
  auto output = capture_program("coffer-audit", arguments);
  if (!output.ok()) return gathered.lack(name, output.error().text);
  // What it printed before it failed is cut somewhere, and nobody would see where.
  if (output->status != 0) {
    return gathered.lack(name, "coffer-audit ended with " + std::to_string(output->status));
  }
  gathered.add(name, std::move(output->text));
}

/// For the report, which reads them as a file: one that nobody else sees, and that is gone with us.
class NamesFile final {
 public:
  explicit NamesFile(const std::vector<std::string>& names)
      // Without MFD_CLOEXEC: the program that reads it must have it.
      : fd_(::memfd_create("policies", 0)) {
    std::string text;
    for (const std::string& name : names) text.append(name).append("\n");
    whole_ =
        fd_ >= 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  ~NamesFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  NamesFile(const NamesFile&) = delete;
  NamesFile& operator=(const NamesFile&) = delete;
  [[nodiscard]] bool whole() const noexcept { return whole_; }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_ = -1;
  bool whole_ = false;
};

void add_report(Gathered& gathered, const std::string& directory) {
  const NamesFile names(gathered.policies);
  if (!names.whole()) {
    return gathered.lack("audit/report.json", "no room for the names of the policies");
  }
  add_output(gathered, "audit/report.json",
             {"report", "-format=json", "-policies=" + names.path(), directory});
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

/// Names below the directory, in their order.
struct CeremonyFiles {
  std::vector<std::string> paths;
  std::vector<std::string> links;   ///< to files and to directories
  std::vector<std::string> others;  ///< sockets, pipes, devices
};

CeremonyFiles list_ceremonies(const std::string& directory, std::error_code& failed) {
  CeremonyFiles found;
  std::filesystem::recursive_directory_iterator it(directory, failed);
  for (; !failed && it != std::filesystem::recursive_directory_iterator(); it.increment(failed)) {
    std::error_code unknown;
    const auto type = it->symlink_status(unknown).type();
    if (type == std::filesystem::file_type::directory) continue;
    const bool link = type == std::filesystem::file_type::symlink;
    const bool file = type == std::filesystem::file_type::regular;
    auto& list = link ? found.links : file ? found.paths : found.others;
    list.push_back(it->path().lexically_relative(directory).string());
  }
  for (auto* list : {&found.paths, &found.links, &found.others}) {
    std::sort(list->begin(), list->end());
  }
  return found;
}

/// One line for all: there may be thousands.
void tell_left_out(const std::vector<std::string>& names, std::string_view what,
                   Gathered& gathered) {
  if (names.empty()) return;
  std::string why = names.front() + " " + std::string(what) + ", and is left out";
  if (names.size() > 1) why += "; so are " + std::to_string(names.size() - 1) + " more";
  gathered.lack("ceremonies", std::move(why));
}

void tell_ceremony(const std::string& name, const Json& found, Gathered& gathered) {
  if (is_good(found)) return;
  const Json* const problems = found.find("problems");
  const bool told = problems != nullptr && !problems->elements().empty();
  gathered.bad.push_back("the ceremony " + name +
                         (told ? ": " + problems->elements().front().text() : ""));
}

/// What says of itself that it is a rehearsal is held to what a rehearsal is.
std::optional<Json> verified_ceremony(Gathered& gathered, const std::string& file,
                                      const std::string& path) {
  const std::string program = "coffer-ceremony";
  auto found = verified(gathered, file, program, {"verify-bundle", "-format=json", path});
  if (!found || text_in(*found, {"mode"}) != kRehearsal) return found;
  return verified(gathered, file, program, {"verify-bundle", "-rehearsal", "-format=json", path});
}

void add_verified_ceremonies(const std::string& directory, const std::vector<std::string>& paths,
                             Gathered& gathered) {
  const std::string file = "ceremonies.json";
  std::vector<Json::Member> all;
  for (const std::filesystem::path path : paths) {
    if (path.filename() != kTranscript) continue;
    const std::string name = path.has_parent_path() ? path.parent_path().string() : ".";
    auto found = verified_ceremony(gathered, file, directory + "/" + name);
    if (!found) {
      gathered.bad.push_back("the ceremony " + name + ": it can't be verified");
      continue;
    }
    tell_ceremony(name, *found, gathered);
    all.push_back({name, *std::move(found)});
  }
  if (all.empty()) return gathered.lack(file, "no directory with the transcript of a ceremony");
  const bool live = std::any_of(all.begin(), all.end(), [](const Json::Member& one) {
    return text_in(one.value, {"mode"}) != kRehearsal;
  });
  if (!live) gathered.doubts.emplace_back("of ceremonies there are only rehearsals");
  gathered.add_last(file, Json::object(std::move(all)).pretty() + "\n");
}

}  // namespace

void gather_audit(const std::string& directory, const std::string& key, Gathered& gathered) {
  std::vector<std::string> verify{"verify", "-format=json"};
  if (!key.empty()) verify.push_back("-key=" + key);
  verify.push_back(directory);
  add_verified_log(gathered, verify, !key.empty());
  add_report(gathered, directory);
  add_output(gathered, "audit/denied.json",
             {"search", "-outcome=denied", "-format=json", directory});
  add_output(gathered, "audit/events.json", {"search", "-events", "-format=json", directory});
  add_file(gathered, "audit/signers", directory + "/signers");
  const std::string newest = newest_checkpoints(directory);
  if (newest.empty()) {
    gathered.lack("audit/checkpoints", "there are none beside the log");
  } else {
    add_file(gathered, "audit/checkpoints", directory + "/" + newest);
  }
}

void gather_config(const std::string& path, Gathered& gathered) {
  const auto text = read_plain(path, kLargestConfig);
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
  CeremonyFiles found = list_ceremonies(directory, failed);
  if (failed) return gathered.lack("ceremonies", "cannot read " + directory);
  tell_left_out(found.links, "is a symbolic link", gathered);
  tell_left_out(found.others, "is neither a file nor a directory", gathered);
  if (found.paths.empty()) return gathered.lack("ceremonies", "there are none in " + directory);
  std::vector<std::string> odd;
  for (const std::string& path : found.paths) {
    const std::string name = "ceremonies/" + path;
    if (is_plain(name) && path.front() != '.' && path.find("/.") == std::string::npos) {
      add_file(gathered, name, directory + "/" + path);
    } else {
      odd.push_back(path);
    }
  }
  tell_left_out(
      odd, "has another name than up to 69 letters, digits, - _ . in parts that begin with no dot",
      gathered);
  add_verified_ceremonies(directory, found.paths, gathered);
}

}  // namespace coffer::cli
