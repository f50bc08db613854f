#include "session.h"

#include <unistd.h>

#include <algorithm>

#include "flag_body.h"
#include "show_request.h"

namespace coffer::cli {
namespace {

using model::Json;

/// The texts of {"errors": […]}, one a line.
std::string error_lines(const Json& body) {
  std::string lines;
  const Json* errors = body.find("errors");
  if (errors == nullptr) return lines;
  for (const Json& error : errors->elements()) {
    std::string text = error.text();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    lines += "\n  * " + text;
  }
  return lines;
}

/// The id by which an operator finds why this was refused; empty: none that a shell could take.
std::string decision_id(const Json& body) {
  const Json* id = body.find("decision_id");
  if (id == nullptr || id->text().size() > 64) return {};
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool clean = std::all_of(id->text().begin(), id->text().end(), plain);
  return clean && !id->text().starts_with('-') ? id->text() : std::string();
}

}  // namespace

std::string Session::path_argument(std::size_t index) const {
  const std::string& text = arguments_.positional[index];
  const std::size_t first = text.find_first_not_of("/ ");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of("/ ") - first + 1);
}

bool Session::shows_table() const noexcept {
  return settings_.format == Format::table && settings_.field.empty();
}

int Session::fail(ExitCode code, std::string_view text) {
  console_.error(text);
  exit_code_ = code;
  return code;
}

int Session::nothing_found(std::string_view path) {
  return fail(kRemote, "No value found at " + std::string(path));
}

std::optional<Answer> Session::stop(ExitCode code, std::string_view text) {
  fail(code, text);
  return std::nullopt;
}

std::optional<Json> Session::flag_body() {
  Json body = Json::object();
  const auto filled = fill_body(body, command_.flags, flags());
  if (filled.ok()) return body;
  fail(kLocal, filled.error().text);
  return std::nullopt;
}

void Session::use_token(std::optional<Token> token) {
  token_ = std::move(token);
  token_loaded_ = true;
}

bool Session::load_token() {
  if (token_loaded_) return true;
  auto found = find_token(environment_);
  if (!found.ok()) {
    fail(kLocal, "Error: " + found.error().text);
    return false;
  }
  token_ = *std::move(found);
  token_loaded_ = true;
  if (token_ && !token_->warning.empty()) console_.warning(token_->warning);
  return true;
}

void Session::show_curl_command(const HttpRequest& request) {
  const bool hidden = data_hidden_ && request.body && !request.body->empty();
  console_.line(curl_command(settings_, token_.has_value(), request, hidden));
  if (!hidden) return;
  console_.warning(
      "the data came from elsewhere than the command line, so they aren't shown on one; curl "
      "reads them, as JSON, from its standard input");
}

std::optional<Answer> Session::ask(std::string_view doing, const HttpRequest& request,
                                   std::initializer_list<int> also) {
  if (settings_.output_policy) {
    console_.line(needed_policy(request));
    return std::nullopt;
  }
  if (settings_.output_curl_string) {
    if (load_token()) show_curl_command(request);
    return std::nullopt;
  }
  return ask_first(doing, request, also);
}

std::optional<Answer> Session::ask_first(std::string_view doing, const HttpRequest& request,
                                         std::initializer_list<int> also) {
  if (!load_token()) return std::nullopt;
  auto reply = send_http(settings_, token_ ? &*token_ : nullptr, request);
  if (reply.ok()) return judge(doing, request, *std::move(reply), also);
  const bool ours = reply.error().code == ErrorCode::invalid_argument;
  return stop(ours ? kLocal : kRemote, "Error " + std::string(doing) + ": " + reply.error().text);
}

std::optional<Answer> Session::judge(std::string_view doing, const HttpRequest& request,
                                     HttpReply reply, std::initializer_list<int> also) {
  Answer answer{reply.status, std::move(reply.body), {}};
  const bool success = answer.status >= 200 && answer.status < 300;
  auto parsed = Json::parse(answer.text.empty() ? "null" : answer.text);
  if (parsed.ok()) answer.json = *std::move(parsed);
  const bool raw = settings_.format == Format::raw;
  if (success && !parsed.ok() && !raw) {
    return stop(kRemote, "Error " + std::string(doing) + ": the answer is " + parsed.error().text +
                             "\nis it a vault that listens at " + settings_.address.text +
                             "? -format=raw shows what it sent");
  }
  const std::string errors = error_lines(answer.json);
  const bool expected = std::find(also.begin(), also.end(), answer.status) != also.end();
  if (success || expected || (answer.missing() && parsed.ok() && errors.empty())) {
    show_warnings(answer.json);
    return answer;
  }
  return stop(kRemote, "Error " + std::string(doing) + ": " + std::to_string(answer.status) +
                           " was the answer to " + request.method + " /v1/" + request.path +
                           errors + hint(answer, errors));
}

std::string Session::hint(const Answer& answer, std::string_view errors) const {
  const int status = answer.status;
  if (status == 403) {
    const std::string id = decision_id(answer.json);
    const std::string why = id.empty() ? "" : "\ndecision ID: coffer policy why -decision=" + id;
    if (token_) {
      return "\nthe token came from " + token_->origin +
             "; is it still valid, and do its policies allow this?" + why;
    }
    return "\nno token was sent, so the user id " + std::to_string(::getuid()) +
           " decided; COFFER_TOKEN or ~/.vault-token would bring one" + why;
  }
  if (status == 503 && errors.find("sealed") != std::string_view::npos) {
    return "\nnothing can be read or written while it is sealed; see: coffer status";
  }
  if (status >= 300 && status < 400) {
    return "\nredirects are not followed; -address or COFFER_ADDR names where to go";
  }
  return {};
}

void Session::show_warnings(const Json& answer) {
  // Other formats print the whole answer, with its warnings.
  if (!shows_table()) return;
  const Json* warnings = answer.find("warnings");
  if (warnings == nullptr) return;
  for (const Json& warning : warnings->elements()) console_.warning(warning.text());
}

}  // namespace coffer::cli
