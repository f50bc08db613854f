// leak check: which of the values in files, or on standard input, are stored in this vault.
#include <charconv>
#include <chrono>
#include <limits>
#include <thread>
#include <unordered_map>

#include "candidates.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/model/json_writer.h"
#include "commands.h"
#include "file_tree.h"
#include "leak_seen.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::size_t kBatchValues = 500;
/// A control character takes six bytes in JSON: so no body is over the daemon's 1 MiB.
constexpr std::size_t kBatchBytes = std::size_t{128} << 10U;
/// Of values that weren't asked for yet: where one line comes again and again, there are few.
constexpr std::size_t kBatchPlaces = 100'000;
constexpr std::chrono::milliseconds kWhenLimited{500};
constexpr int kTooMany = 429;

struct Place {
  std::string file;  ///< empty: standard input
  std::size_t line = 0;
  bool operator==(const Place&) const = default;
};

struct Candidate {
  std::string value;
  std::size_t hash = 0;
  std::vector<Place> places;
};

std::string text_of(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr ? std::string() : cell(*found);
}

/// SIZE_MAX for what isn't a number of an answer.
std::size_t to_number(const std::string& text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  return whole ? number : std::numeric_limits<std::size_t>::max();
}

class Check final {
 public:
  explicit Check(Session& session) : session_(session) {}

  bool scan(const std::string& source) {
    if (source == "-") return standard_input();
    const auto skipped =
        each_file(source, [this](const std::string& path, const ReadSome& read_some) {
          return read(path, read_some).ok();
        });
    if (!skipped.ok()) {
      session_.fail(kLocal, source + ": " + skipped.error().text);
      return false;
    }
    skipped_.binary += skipped->binary;
    skipped_.unreadable += skipped->unreadable;
    skipped_.links += skipped->links;
    skipped_.git += skipped->git;
    return !failed_;
  }

  /// The exit code.
  int finish() {
    send();
    if (failed_) return session_.exit_code();
    tell_skipped();
    if (!session_.shows_table()) {
      const int printed = print_tree(session_, found_);
      return printed != kOk ? printed : result();
    }
    for (const std::string& line : lines_) session_.console().line(line);
    session_.console().line("Looked for " + std::to_string(seen_.count()) +
                            " values: " + std::to_string(matches_.size()) + " of them " +
                            (matches_.size() == 1 ? "is" : "are") + " stored here.");
    return result();
  }

 private:
  [[nodiscard]] int result() const { return matches_.empty() ? kOk : kFound; }

  /// One of ours: what the vault says of it, and where it was seen last.
  struct Match {
    Json answer;
    Place last;
  };

  bool standard_input() {
    const auto done = read({}, [this] { return session_.console().read_some(); });
    if (done.ok()) return !failed_;
    session_.fail(kLocal, "reading standard input: " + done.error().text);
    return false;
  }

  /// Part by part: a history may be longer than memory.
  Result<void> read(const std::string& file, const ReadSome& read_some) {
    CandidateStream candidates([&](std::string_view value, std::size_t line) {
      if (!failed_) add(value, {file, line});
    });
    while (!failed_) {
      COFFER_TRY(std::string part, read_some());
      if (part.empty()) break;
      candidates.add(part);
      wipe(part);
    }
    candidates.finish();
    long_lines_ += candidates.long_lines();
    return {};
  }

  void add(std::string_view value, Place place) {
    const std::size_t hash = std::hash<std::string_view>()(value);
    const auto match = stored_.find(hash);
    if (match != stored_.end()) return tell(place, matches_[match->second]);
    if (!seen_.add(hash)) return seen_again(hash, std::move(place));
    // A stored value is UTF-8, as all JSON is.
    if (!model::is_utf8(value)) return;
    if (batch_.size() == kBatchValues || bytes_ + value.size() > kBatchBytes) send();
    bytes_ += value.size();
    asked_.emplace(hash, batch_.size());
    batch_.push_back({std::string(value), hash, {std::move(place)}});
  }

  /// Each place is told, and each value is asked for once.
  void seen_again(std::size_t hash, Place place) {
    const auto asked = asked_.find(hash);
    if (asked == asked_.end()) return;
    std::vector<Place>& places = batch_[asked->second].places;
    // As a word, in quotes, and as the whole line.
    if (places.back() == place) return;
    places.push_back(std::move(place));
    if (++places_ > kBatchPlaces) send();
  }

  void send() {
    if (batch_.empty() || failed_) return;
    Json values = Json::array();
    for (const Candidate& candidate : batch_) values.push(Json::string(candidate.value));
    Json body = Json::object();
    body.set("values", std::move(values));
    std::string text = body.compact();
    const auto answer = ask(text);
    wipe(text);
    if (answer) {
      take(*answer);
    } else {
      failed_ = true;
    }
    for (Candidate& candidate : batch_) wipe(candidate.value);
    batch_.clear();
    asked_.clear();
    bytes_ = 0;
    places_ = 0;
  }

  /// Who looks for more than his share waits; so does who runs this twice.
  std::optional<Answer> ask(const std::string& body) {
    for (;;) {
      session_.hide_data();
      auto answer =
          session_.ask("looking for values",
                       {.method = "POST", .path = "sys/leaks/check", .body = body}, {kTooMany});
      if (!answer || answer->status != kTooMany) return answer;
      session_.console().progress("waiting: only so many values may be looked for in a second");
      std::this_thread::sleep_for(kWhenLimited);
    }
  }

  void take(const Answer& answer) {
    const Json* matches = answer.json.find_path({"data", "matches"});
    if (matches == nullptr) return;
    for (const Json& match : matches->elements()) {
      const std::size_t at = to_number(text_of(match, "index"));
      if (at < batch_.size()) take(batch_[at], match);
    }
  }

  void take(const Candidate& candidate, const Json& match) {
    stored_[candidate.hash] = matches_.size();
    matches_.push_back({match, {}});
    for (const Place& place : candidate.places) tell(place, matches_.back());
  }

  void tell(const Place& at, Match& found) {
    if (found.last == at) return;
    found.last = at;
    if (session_.shows_table()) {
      tell_line(at, found.answer);
    } else {
      tell_json(at, found.answer);
    }
  }

  void tell_json(const Place& at, const Json& match) {
    Json one = Json::object();
    one.set("file", at.file.empty() ? Json() : Json::string(at.file));
    one.set("line", Json::number(static_cast<std::int64_t>(at.line)));
    for (const std::string_view name : {"places", "hidden", "more"}) {
      if (const Json* part = match.find(name)) one.set(name, *part);
    }
    found_.push(std::move(one));
  }

  void tell_line(const Place& at, const Json& match) {
    const std::string where = at.file.empty() ? "standard input" : at.file;
    const std::string head = where + ":" + std::to_string(at.line) + ": ";
    if (const Json* places = match.find("places")) {
      for (const Json& place : places->elements()) {
        lines_.push_back(head + described(place));
      }
    }
    const std::string hidden = text_of(match, "hidden");
    if (hidden != "0") lines_.push_back(head + hidden + " places that you may not read");
    if (text_of(match, "more") == "true") lines_.push_back(head + "and more places");
  }

  static std::string described(const Json& place) {
    const std::string version = text_of(place, "version");
    std::string text = text_of(place, "path");
    if (version != "0") text += " version " + version;
    text += " " + text_of(place, "key");
    return text_of(place, "pending") == "true" ? text + " not in force yet" : text;
  }

  void tell_skipped() {
    const auto tell = [&](std::size_t count, std::string_view what) {
      if (count > 0) session_.console().warning(std::to_string(count) + " " + std::string(what));
    };
    tell(skipped_.binary, "binary files were not looked into");
    tell(long_lines_,
         "lines over 4 MiB were looked through in parts, each with the last 128 KiB before it");
    tell(skipped_.unreadable, "files or directories could not be read");
    tell(skipped_.links, "symbolic links, devices and sockets were not followed");
    tell(skipped_.git,
         "directories .git were not looked into; for a history: git log -p --all | coffer leak "
         "check -");
  }

  /// Not one of Vault's codes: nothing failed, and yet a script has to know.
  static constexpr int kFound = 3;

  Session& session_;
  std::vector<Candidate> batch_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::size_t, std::size_t> asked_;  ///< by hash: of batch_
  std::size_t places_ = 0;                              ///< of batch_, beside each one's first
  SeenValues seen_;
  std::unordered_map<std::size_t, std::size_t> stored_;  ///< by hash: of matches_
  std::vector<Match> matches_;
  Json found_ = Json::array();
  std::vector<std::string> lines_;
  Skipped skipped_;
  std::size_t long_lines_ = 0;
  bool failed_ = false;
};

int leak_check(Session& session) {
  if (session.settings().address.socket_path.empty()) {
    return session.fail(kLocal,
                        "Values are given to a daemon on this machine alone, over its Unix socket\n"
                        "-address=unix:///run/coffer/coffer.sock names one");
  }
  Check check(session);
  if (session.positional().empty() && !check.scan("-")) return session.exit_code();
  for (const std::string& source : session.positional()) {
    if (!check.scan(source)) return session.exit_code();
  }
  return check.finish();
}

}  // namespace

std::vector<Command> leak_commands() {
  return {{.words = "leak check",
           .synopsis = "[flags] [FILE|DIRECTORY|-]...",
           .summary = "Say which values in files are stored in this vault",
           .help =
               "Looks into files, into all text files below a directory, or at standard input (-,\n"
               "or without an argument) for values that are stored here, and prints where each\n"
               "was found and where it is stored. No value leaves this machine: they go over the\n"
               "Unix socket to the daemon, which compares fingerprints. Values shorter than 12\n"
               "bytes and values that anyone would guess are not looked for.\n\n"
               "    $ coffer leak check src/\n"
               "    $ git log -p --all | coffer leak check -\n\n"
               "Exit code 0: none was found; 3: some were.",
           .flags = {},
           .least = 0,
           .most = kAnyNumber,
           .run = &leak_check,
           .argument = Argument::file}};
}

}  // namespace coffer::cli
