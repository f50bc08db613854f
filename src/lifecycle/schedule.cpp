#include "coffer/lifecycle/schedule.h"

#include <date/date.h>
#include <date/tz.h>

#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace coffer::lifecycle {
namespace {

/// 29 February comes within eight years, wherever one starts (1896, 1904).
constexpr int kMaxDays = 366 * 8 + 1;
constexpr std::size_t kMaxText = 256;
/// One beyond its field's end is taken, as cron does: what is stored must go on to be good.
constexpr unsigned kMaxStep = 999;
constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Alias {
  std::string_view name;
  std::string_view text;
};
constexpr Alias kAliases[] = {{"@hourly", "0 * * * *"},
                              {"@daily", "0 0 * * *"},
                              {"@weekly", "0 0 * * 0"},
                              {"@monthly", "0 0 1 * *"},
                              {"@yearly", "0 0 1 1 *"}};

/// One field: its limits, and the words that stand for numbers.
struct Field {
  std::string_view name;
  unsigned lowest;
  unsigned highest;
  std::span<const std::string_view> words{};
};
constexpr std::array<Field, 5> kFields = {{{"minute", 0, 59},
                                           {"hour", 0, 23},
                                           {"day", 1, 31},
                                           {"month", 1, 12, kMonths},
                                           {"weekday", 0, 7, kWeekdays}}};

Error wrong(const Field& field) {
  return make_error(ErrorCode::invalid_argument,
                    "schedule: its " + std::string(field.name) + " must be *, numbers from " +
                        std::to_string(field.lowest) + " to " + std::to_string(field.highest) +
                        ", ranges or steps");
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != b[i]) return false;
  }
  return true;
}

Result<unsigned> number_of(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.words.size(); ++i) {
    if (same_word(text, field.words[i])) return field.lowest + static_cast<unsigned>(i);
  }
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stop != end) return wrong(field);
  return value;
}

/// "*", "7", "1-5", each perhaps with "/2".
Result<std::uint64_t> part_of(const Field& field, std::string_view text) {
  unsigned step = 1;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const Field plain{.name = field.name, .lowest = field.lowest, .highest = field.highest};
    COFFER_TRY(step, number_of(plain, text.substr(slash + 1)));
    text = text.substr(0, slash);
  }
  unsigned first = field.lowest;
  unsigned last = field.highest;
  if (text != "*") {
    const std::size_t dash = text.find('-');
    COFFER_TRY(first, number_of(field, text.substr(0, dash)));
    last = slash == std::string_view::npos ? first : field.highest;
    if (dash != std::string_view::npos) {
      COFFER_TRY(last, number_of(field, text.substr(dash + 1)));
    }
  }
  if (step == 0 || step > kMaxStep) return wrong(field);
  if (first < field.lowest || last > field.highest || first > last) return wrong(field);
  std::uint64_t bits = 0;
  for (unsigned value = first; value <= last; value += step) bits |= std::uint64_t{1} << value;
  return bits;
}

Result<std::uint64_t> bits_of(const Field& field, std::string_view text) {
  std::uint64_t bits = 0;
  for (;;) {
    const std::size_t comma = text.find(',');
    COFFER_TRY(const std::uint64_t part, part_of(field, text.substr(0, comma)));
    bits |= part;
    if (comma == std::string_view::npos) return bits;
    text = text.substr(comma + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) return words;
    text = text.substr(start);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text = text.substr(end);
  }
}

/// The library throws where a zone isn't known or its file can't be read.
const date::time_zone* zone_named(const std::string& name) {
  try {
    return date::locate_zone(name.empty() ? "Etc/UTC" : name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

Error no_zone() {
  return make_error(ErrorCode::invalid_argument,
                    "time_zone must be a name of the time zone database, such as Europe/Berlin");
}

date::sys_seconds instant_of(const date::time_zone& zone, date::local_seconds local) {
  const date::local_info info = zone.get_info(local);
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return date::sys_seconds(local.time_since_epoch() - info.first.offset);
}

}  // namespace

struct Schedule::Day {
  date::year_month_day date;
  unsigned weekday;
};

Result<Schedule> Schedule::parse(std::string_view text, std::string_view zone) {
  if (text.size() > kMaxText || zone.size() > kMaxText) {
    return make_error(ErrorCode::invalid_argument, "schedule must have at most 256 bytes");
  }
  for (const Alias& alias : kAliases) {
    if (text == alias.name) text = alias.text;
  }
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() != kFields.size()) {
    return make_error(ErrorCode::invalid_argument,
                      "schedule must have five fields: minute hour day month weekday");
  }
  std::array<std::uint64_t, 5> bits{};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    COFFER_TRY(bits[i], bits_of(kFields[i], words[i]));
  }
  Schedule made;
  made.zone_ = zone;
  made.minutes_ = bits[0];
  made.hours_ = static_cast<std::uint32_t>(bits[1]);
  made.days_ = static_cast<std::uint32_t>(bits[2]);
  made.months_ = static_cast<std::uint32_t>(bits[3]);
  // Sunday is 0 and 7.
  made.weekdays_ = static_cast<std::uint32_t>((bits[4] | bits[4] >> 7U) & 0x7fU);
  made.any_day_ = words[2].starts_with('*');
  made.any_weekday_ = words[4].starts_with('*');
  if (zone_named(made.zone_) == nullptr) return no_zone();
  const auto ever = made.next(WallTime(date::sys_days(date::year{2024} / 1 / 1)));
  if (!ever.ok()) {
    return make_error(ErrorCode::invalid_argument, "schedule: there is no such day");
  }
  return made;
}

/// As cron: of day and weekday either is enough, unless one of them says nothing.
bool Schedule::matches(const Day& day) const {
  if ((months_ >> static_cast<unsigned>(day.date.month()) & 1U) == 0) return false;
  const bool by_day = (days_ >> static_cast<unsigned>(day.date.day()) & 1U) != 0;
  const bool by_weekday = (weekdays_ >> day.weekday & 1U) != 0;
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

Result<WallTime> Schedule::next(WallTime after) const {
  const date::time_zone* zone = zone_named(zone_);
  if (zone == nullptr) return no_zone();
  try {
    const auto start = date::floor<std::chrono::seconds>(after);
    auto day = date::floor<date::days>(zone->to_local(start)) - date::days(1);
    for (int i = 0; i < kMaxDays; ++i, day += date::days(1)) {
      const Day that{date::year_month_day(day), date::weekday(day).c_encoding()};
      if (!matches(that)) continue;
      for (unsigned minute = 0; minute < 24 * 60; ++minute) {
        if ((hours_ >> (minute / 60) & 1U) == 0 || (minutes_ >> (minute % 60) & 1U) == 0) continue;
        const auto at = instant_of(*zone, day + std::chrono::minutes(minute));
        if (at > start) return WallTime(at);
      }
    }
  } catch (const std::exception&) {
    return make_error(ErrorCode::unavailable, "the time zone database can't be read");
  }
  return make_error(ErrorCode::not_found, "schedule: there is no such time");
}

}  // namespace coffer::lifecycle
