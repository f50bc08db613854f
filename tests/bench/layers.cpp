// layers: what each layer of one KV read costs by itself, on one thread, over the rooms' public
// functions. Makes a vault in a new directory below the working directory, removed at the end.
//
// A name is "layer/what"; the label says what is measured. "in a read" are those that one cached
// read consists of.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

#include "coffer/crypto/aead.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/model/json_writer.h"
#include "coffer/policy/policy.h"
#include "layers_house.h"

namespace coffer::bench {
namespace {

using benchmark::State;

std::unique_ptr<House> house;

/// A failed step would be measured as a fast one.
template <typename T>
bool failed(State& state, const Result<T>& result) {
  if (result.ok()) return false;
  state.SkipWithError(describe(result.error()).c_str());
  return true;
}

model::Request request(model::Operation operation, std::string body) {
  model::Request made;
  made.time = system_clock().wall();
  made.operation = operation;
  made.path = "secret/data/app";
  auto fields = model::Fields::parse(std::move(body));
  if (fields.ok()) made.fields = *std::move(fields);
  return made;
}

const std::string& secret_json() {
  static const std::string kJson =
      R"({"password":")" + std::string(40, 'x') + R"(","username":"app-service"})";
  return kJson;
}

// JSON

std::string read_answer() {
  model::JsonWriter json;
  json.begin_object().key("data").raw(secret_json()).key("metadata").begin_object();
  json.key("created_time").string(to_rfc3339(system_clock().wall()));
  json.key("custom_metadata").null().key("deletion_time").string("").key("destroyed");
  json.boolean(false).key("version").number(1).end_object().end_object();
  return std::move(json).take();
}

void json_answer(State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(read_answer());
  state.SetLabel("write a read's data object");
}

void json_body(State& state) {
  const std::string body = R"({"data":)" + secret_json() + "}";
  for (auto _ : state) {
    const auto fields = model::Fields::parse(body);
    if (failed(state, fields)) return;
  }
  state.SetLabel("parse a write's body (writes only)");
}

// The caller, and what it may do

void caller_identify(State& state) {
  auto tx = house->open->sealed_store->begin();
  if (failed(state, tx)) return;
  const std::string_view bearer = as_text(house->bearer.expose(Reveal{"measure a caller"}));
  for (auto _ : state) {
    const auto caller = house->open->tokens->identify(**tx, bearer, system_clock().wall());
    if (failed(state, caller)) return;
  }
  state.SetLabel("hash the token, find and open its row");
}

void policy_root(State& state) {
  const auto acl = policy::Acl::root();
  policy::Query query;
  query.path = "secret/data/app";
  for (auto _ : state) benchmark::DoNotOptimize(acl->decide(query).allowed);
  state.SetLabel("decide, as root");
}

// Audit

audit::Entry closed_ticket(const model::Request& asked, const model::Caller& caller) {
  audit::Ticket ticket = house->open->trail->open(asked, house->peer);
  ticket.routed("secret/", "kv");
  ticket.identified(caller);
  ticket.decided({.allowed = true, .rule = "*", .policy = "root", .why = {}});
  model::Response response;
  response.data = read_answer();
  return std::move(ticket).close(response);
}

void audit_render(State& state) {
  const model::Request asked = request(model::Operation::read, "");
  model::Caller caller;
  caller.accessor = "abcdefghijklmnopqrstuvwx";
  caller.display_name = "root";
  caller.policies = {"root"};
  caller.token_type = "service";
  house->open->trail->hasher()->append(caller.token_hash, "token");
  for (auto _ : state) benchmark::DoNotOptimize(closed_ticket(asked, caller));
  state.SetLabel("both lines of a read, values hashed (and its answer written once)");
}

void audit_append(State& state) {
  const model::Request asked = request(model::Operation::read, "");
  const audit::Entry entry = closed_ticket(asked, {});
  std::vector<audit::Line> lines;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    lines.push_back(*entry.request);
    lines.push_back(entry.response);
  }
  for (auto _ : state) {
    if (failed(state, house->log->append(lines, true))) return;
  }
  const std::string count = std::to_string(state.range(0));
  state.SetLabel("number, chain and write the lines of " + count + " reads at once, no sync");
}

// Store, envelope, token

void store_get(State& state) {
  for (auto _ : state) {
    auto snapshot = house->store->snapshot();
    if (failed(state, snapshot)) return;
    if (failed(state, (*snapshot)->get(house->plain_key))) return;
  }
  state.SetLabel("a snapshot, and one row of 500 bytes from it");
}

void store_get_more(State& state) {
  auto snapshot = house->store->snapshot();
  if (failed(state, snapshot)) return;
  for (auto _ : state) {
    if (failed(state, (*snapshot)->get(house->plain_key))) return;
  }
  state.SetLabel("one more row from the same snapshot");
}

void envelope_row(State& state) {
  auto tx = house->open->sealed_store->begin();
  if (failed(state, tx)) return;
  for (auto _ : state) {
    if (failed(state, (*tx)->read(house->metadata_row))) return;
  }
  state.SetLabel("a metadata row that was opened before: its place, its version");
}

void open_secret(State& state, envelope::SealedStore& store) {
  auto tx = store.begin();
  if (failed(state, tx)) return;
  for (auto _ : state) {
    if (failed(state, (*tx)->open_secret(house->secret_row, house->secret))) return;
  }
}

void envelope_cached(State& state) {
  open_secret(state, *house->open->sealed_store);
  state.SetLabel("a secret of 300 bytes, key cached: its place, get, open");
}

void envelope_uncached(State& state) {
  open_secret(state, *house->uncached);
  state.SetLabel("the same with MAC, unwrap by the token, HKDF (uncached reads only)");
}

void token_unwrap(State& state) {
  const pkcs11::KeyRef kek = envelope::kek_ref(house->open->keyring->vault(), 1);
  for (auto _ : state) {
    if (failed(state, house->open->token->unwrap(kek, house->wrapped, house->aad))) return;
  }
  state.SetLabel("one unwrap (uncached reads only)");
}

// All of it but connection, threads and log file

void pipeline_read(State& state) {
  const std::string_view bearer = as_text(house->bearer.expose(Reveal{"measure a request"}));
  const model::Evidence evidence{house->peer, bearer};
  model::Request write = request(model::Operation::update, R"({"data":)" + secret_json() + "}");
  core::Staged written = house->pipeline->run(write, evidence);
  if (failed(state, written.response)) return;
  if (failed(state, house->store->commit({&written.writes, 1}))) return;
  for (auto _ : state) {
    model::Request read = request(model::Operation::read, "");
    const core::Staged staged = house->pipeline->run(read, evidence);
    if (failed(state, staged.response)) return;
  }
  state.SetLabel("a whole cached read, from caller to staged answer (the layers above, once)");
}

// What they are made of

void crypto_uuid(State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(crypto::random_uuid());
  state.SetLabel("a random request id");
}

void crypto_hmac(State& state) {
  const Bytes key(32, 1);
  const Bytes text(64, 2);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::hmac_sha256(key, text));
  state.SetLabel("HMAC-SHA-256 of 64 bytes");
}

void crypto_hkdf(State& state) {
  const Bytes key(64, 1);
  const Bytes salt(32, 2);
  const Bytes info(120, 3);
  Bytes out(64);
  for (auto _ : state) {
    if (failed(state, crypto::hkdf_sha512(key, salt, info, out))) return;
  }
  state.SetLabel("HKDF-SHA-512 to 64 bytes");
}

void crypto_open(State& state) {
  const Bytes key(32, 1);
  const Bytes iv(12, 2);
  const Bytes aad(40, 3);
  Bytes out(300);
  const auto sealed = crypto::aead_seal(key, iv, aad, out);
  if (failed(state, sealed)) return;
  for (auto _ : state) {
    if (failed(state, crypto::aead_open(key, iv, aad, *sealed, out))) return;
  }
  state.SetLabel("AES-256-GCM, open 300 bytes");
}

void register_all() {
  const auto add = [](const char* name, void (*measure)(State&)) {
    return benchmark::RegisterBenchmark(name, measure);
  };
  add("json/answer", json_answer);
  add("json/body", json_body);
  add("caller/identify", caller_identify);
  add("policy/root", policy_root);
  register_policy();
  add("audit/render", audit_render);
  add("audit/append", audit_append)->Arg(1)->Arg(16);
  add("store/snapshot", store_get);
  add("store/get", store_get_more);
  add("envelope/row", envelope_row);
  add("envelope/secret", envelope_cached);
  add("envelope/secret uncached", envelope_uncached);
  add("token/unwrap", token_unwrap);
  add("pipeline/read", pipeline_read);
  add("crypto/uuid", crypto_uuid);
  add("crypto/hmac", crypto_hmac);
  add("crypto/hkdf", crypto_hkdf);
  add("crypto/open", crypto_open);
}

int run(int argc, char** argv) {
  std::string directory = (std::filesystem::path(".") / "layers-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  auto built = House::build(directory);
  if (built.ok()) {
    house = *std::move(built);
    register_all();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    house.reset();
  } else {
    std::fprintf(stderr, "layers: %s\n", describe(built.error()).c_str());
  }
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  return built.ok() ? 0 : 1;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) { return coffer::bench::run(argc, argv); }
