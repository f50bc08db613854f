// What is known of a leak, for people.
#include "leak_findings.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

const Json* list_in(const Json& object, std::string_view name) {
  const Json* list = object.find(name);
  return list != nullptr && list->is_array() ? list : nullptr;
}

std::string joined(const Json* list) {
  std::string all;
  if (list == nullptr) return all;
  for (const Json& one : list->elements()) all += (all.empty() ? "" : ", ") + cell(one);
  return all;
}

void print_accesses(Console& console, const Json* list, std::string_view title) {
  console.line("\n" + std::string(title));
  if (list == nullptr || list->elements().empty()) return console.line("nothing is in the log");
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : list->elements()) {
    const std::string unit = text_in(one, "unit");
    const std::string today = text_in(one, "path_today");
    const std::string where = text_in(one, "path") + (today.empty() ? "" : ", now " + today);
    lines.push_back({where, text_in(one, "operation"), text_in(one, "count"), text_in(one, "first"),
                     text_in(one, "last"), text_in(one, "display_name"), text_in(one, "accessor"),
                     text_in(one, "made_by"), text_in(one, "uid"), unit});
  }
  console.line(render_columns(
      {"Path", "Operation", "Count", "First", "Last", "Who", "Accessor", "Made by", "Uid", "Unit"},
      lines));
}

void print_readers(Console& console, const Json& readers) {
  console.line("\nWho could read " + text_in(readers, "path"));
  std::vector<std::vector<std::string>> lines;
  for (const auto& [kind, list] :
       {std::pair{"token", "tokens"}, std::pair{"unix role", "unix_roles"}}) {
    const Json* all = list_in(readers, list);
    if (all == nullptr) continue;
    for (const Json& one : all->elements()) {
      const bool token = one.find("accessor") != nullptr;
      lines.push_back({kind, text_in(one, token ? "display_name" : "name"),
                       text_in(one, "accessor"), joined(one.find("policies"))});
    }
  }
  if (lines.empty()) return console.line("nobody now");
  console.line(render_columns({"Kind", "Name", "Accessor", "Policies"}, lines));
}

std::string leases_of(const Json& owner) {
  return owner.find("lease_count") == nullptr ? "not told" : text_in(owner, "lease_count");
}

void print_peers(Console& console, const Json& findings) {
  const Json* peers = list_in(findings, "peers");
  if (peers == nullptr || peers->elements().empty()) return;
  console.line("\nPeers of the socket among them");
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : peers->elements()) {
    lines.push_back({text_in(one, "accessor"), text_in(one, "display_name"), leases_of(one)});
  }
  console.line(render_columns({"Accessor", "Name", "Leases"}, lines));
}

/// Who is alive ends with his leases: they are told of the others alone.
void print_holders(Console& console, const Json* holders) {
  console.line("\nTheir tokens");
  std::vector<std::vector<std::string>> lines;
  bool left = false;
  for (const Json& one : holders == nullptr ? std::vector<Json>() : holders->elements()) {
    const std::string told = text_in(one, "alive");
    const bool alive = told == "true";
    const char* const state = alive ? "alive" : told.empty() ? "not told" : "gone";
    const std::string leases = alive ? std::string() : leases_of(one);
    left = left || (told == "false" && leases != "0");
    lines.push_back({text_in(one, "accessor"), state, leases, text_in(one, "display_name"),
                     text_in(one, "made_by"), joined(one.find("policies"))});
  }
  if (lines.empty()) return console.line("none");
  console.line(
      render_columns({"Accessor", "State", "Leases", "Name", "Made by", "Policies"}, lines));
  if (left) {
    console.line(
        "Leases of tokens that are gone stand if a restore made those void: -revoke ends them.");
  }
}

}  // namespace

void print_findings(Session& session, const Json& findings) {
  Console& console = session.console();
  for (const std::string_view name : {"could_read", "could_read_there"}) {
    if (const Json* readers = findings.find(name)) print_readers(console, *readers);
  }
  print_accesses(console, findings.find("accesses"), "Who did, by the audit log");
  if (const Json* roles = list_in(findings, "unix_roles")) {
    console.line("roles of auth/unix that name the subject: " + joined(roles));
  }
  if (const Json* others = findings.find("also_accessed")) {
    print_accesses(console, others, "What else they had");
  }
  print_holders(console, list_in(findings, "holders"));
  print_peers(console, findings);
}

}  // namespace coffer::cli
