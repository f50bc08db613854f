// What the kv commands send and show, beyond get, put and list.
#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class KvRequests : public CliFixture {};

constexpr const char* kNewVersion = R"({"data":{"version":4,"deletion_time":""}})";

TEST_F(KvRequests, ScanAsksWithAQuery) {
  vault_.answer("GET /v1/secret/metadata/app?scan=true", 200, R"({"data":{"keys":["a","b/c"]}})");
  EXPECT_EQ(run({"kv", "scan", "secret/app"}).out, "Keys\n----\na\nb/c\n");
  EXPECT_EQ(run({"kv", "scan", "-output-policy", "secret/app"}).out,
            "path \"secret/metadata/app/\" {\n  capabilities = [\"scan\"]\n}\n");
}

TEST_F(KvRequests, VersionsGoAsStrings) {
  vault_.answer("PUT /v1/secret/undelete/app", 204, "");
  vault_.answer("PUT /v1/secret/destroy/app", 204, "");
  EXPECT_EQ(run({"kv", "undelete", "-versions=1,4", "secret/app"}).out,
            "Success! Data written to: secret/undelete/app\n");
  EXPECT_EQ(last(), R"(PUT /v1/secret/undelete/app {"versions":["1","4"]})");
  EXPECT_EQ(run({"kv", "destroy", "-mount=secret", "-versions=2", "app"}).out,
            "Success! Data written to: secret/destroy/app\n");
  EXPECT_EQ(last(), R"(PUT /v1/secret/destroy/app {"versions":["2"]})");
}

TEST_F(KvRequests, NoVersionOrAWrongOneIsNotSent) {
  for (const char* command : {"undelete", "destroy"}) {
    EXPECT_EQ(run({"kv", command, "secret/app"}).code, 1);
    EXPECT_EQ(run({"kv", command, "-versions=1,x", "secret/app"}).code, 1);
    EXPECT_EQ(run({"kv", command, "-versions=,", "secret/app"}).code, 1);
  }
  EXPECT_TRUE(vault_.requests().empty());
}

// On an engine without versions the same request would write a secret.
TEST_F(KvRequests, WhatNeedsVersionsIsNotSentToAnEngineWithout) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"kv", "undelete", "-versions=1", "old/app"},
                                             {"kv", "destroy", "-versions=1", "old/app"},
                                             {"kv", "delete", "-versions=1", "old/app"},
                                             {"kv", "rollback", "-version=1", "old/app"},
                                             {"kv", "patch", "old/app", "a=b"},
                                             {"kv", "metadata", "get", "old/app"},
                                             {"kv", "metadata", "put", "old/app"},
                                             {"kv", "metadata", "delete", "old/app"}}) {
    const Outcome result = run(words);
    EXPECT_EQ(result.code, 1) << words[1];
    EXPECT_EQ(result.err, "this needs an engine with versions, and old has none\n");
  }
  for (const std::string& request : all()) EXPECT_TRUE(request.starts_with("GET /v1/sys/"));
}

TEST_F(KvRequests, PatchSendsAMergePatch) {
  vault_.answer("PATCH /v1/secret/data/app", 200, kNewVersion);
  const Outcome result = run({"kv", "patch", "secret/app", "host=db2"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(contains(result.out, "== Secret Path ==\nsecret/data/app\n"));
  EXPECT_TRUE(contains(result.out, "version          4\n"));
  EXPECT_EQ(last(), R"(PATCH /v1/secret/data/app {"data":{"host":"db2"},"options":{}})");
  EXPECT_EQ(vault_.requests().back().headers.at("content-type"), "application/merge-patch+json");
}

TEST_F(KvRequests, PatchTakesFieldsAwayWithNull) {
  vault_.answer("PATCH /v1/secret/data/app", 200, kNewVersion);
  EXPECT_EQ(run({"kv", "patch", "-cas=3", "-remove-data=a,b", "-remove-data=c", "secret/app"}).code,
            0);
  EXPECT_EQ(
      last(),
      R"(PATCH /v1/secret/data/app {"data":{"a":null,"b":null,"c":null},"options":{"cas":3}})");
}

TEST_F(KvRequests, PatchWithoutTheRightReadsAndWritesOnCondition) {
  vault_.answer("GET /v1/secret/data/app", 200,
                R"({"data":{"data":{"a":"1","deep":{"x":1,"y":2},"gone":true},
                            "metadata":{"version":3}}})");
  vault_.answer("PUT /v1/secret/data/app", 200, kNewVersion);
  around_.standard_input = R"({"b":"2","deep":{"y":null}})";
  for (const int status : {403, 405}) {
    vault_.answer("PATCH /v1/secret/data/app", status, R"({"errors":["no"]})");
    EXPECT_EQ(run({"kv", "patch", "-remove-data=gone", "secret/app", "-"}).code, 0);
    EXPECT_EQ(last(),
              "PUT /v1/secret/data/app "
              R"({"data":{"a":"1","deep":{"x":1},"b":"2"},"options":{"cas":3}})");
  }
  EXPECT_EQ(run({"kv", "patch", "-method=patch", "secret/app", "-"}).code, 2);
  EXPECT_TRUE(last().starts_with("PATCH "));
}

TEST_F(KvRequests, PatchByReadingNeedsSomethingThere) {
  vault_.answer("GET /v1/secret/data/app", 404,
                R"({"data":{"data":null,"metadata":{"version":3}}})");
  const Outcome result = run({"kv", "patch", "-method=rw", "secret/app", "a=b"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "No value found at secret/data/app\n");
  EXPECT_EQ(last(), "GET /v1/secret/data/app");
}

TEST_F(KvRequests, PatchOfNothingIsNotFound) {
  const Outcome result = run({"kv", "patch", "secret/app", "a=b"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "No value found at secret/data/app\n");
}

TEST_F(KvRequests, PatchRefusesWhatItCannotMean) {
  EXPECT_EQ(run({"kv", "patch", "secret/app"}).code, 1);
  EXPECT_EQ(run({"kv", "patch", "-cas=0", "secret/app", "a=b"}).code, 1);
  EXPECT_EQ(run({"kv", "patch", "-method=x", "secret/app", "a=b"}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(KvRequests, RollbackWritesTheOldDataUnlessSomebodyElseWrites) {
  vault_.answer("GET /v1/secret/data/app", 404,
                R"({"data":{"data":null,"metadata":{"version":3,"destroyed":true}}})");
  vault_.answer("GET /v1/secret/data/app?version=1", 200,
                R"({"data":{"data":{"n":1.50,"a":"x"},"metadata":{"version":1}}})");
  vault_.answer("PUT /v1/secret/data/app", 200, kNewVersion);
  EXPECT_EQ(run({"kv", "rollback", "-version=1", "secret/app"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/secret/data/app {"data":{"n":1.50,"a":"x"},"options":{"cas":3}})");
}

TEST_F(KvRequests, RollbackNeedsAVersionThatIsThere) {
  EXPECT_EQ(run({"kv", "rollback", "secret/app"}).code, 1);
  EXPECT_EQ(run({"kv", "rollback", "-version=0", "secret/app"}).code, 1);
  EXPECT_EQ(run({"kv", "rollback", "-version=1", "secret/app"}).code, 2);
  vault_.answer("GET /v1/secret/data/app", 200,
                R"({"data":{"data":{"a":"x"},"metadata":{"version":3}}})");
  const Outcome result = run({"kv", "rollback", "-version=9", "secret/app"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "No data found at secret/data/app in version 9\n");
  for (const std::string& request : all()) EXPECT_TRUE(request.starts_with("GET ")) << request;
}

TEST_F(KvRequests, MetadataAreSetByFlags) {
  vault_.answer("PUT /v1/secret/metadata/app", 204, "");
  EXPECT_EQ(
      run({"kv", "metadata", "put", "-max-versions=5", "-cas-required", "-delete-version-after=30d",
           "-custom-metadata=owner=web", "-custom-metadata=why=a=b", "secret/app"})
          .out,
      "Success! Data written to: secret/metadata/app\n");
  EXPECT_EQ(last(),
            "PUT /v1/secret/metadata/app "
            R"({"max_versions":5,"cas_required":true,"delete_version_after":"720h0m0s",)"
            R"("custom_metadata":{"owner":"web","why":"a=b"}})");
  run({"kv", "metadata", "put", "-cas-required=false", "secret/app"});
  EXPECT_EQ(last(), R"(PUT /v1/secret/metadata/app {"cas_required":false})");
  EXPECT_EQ(run({"kv", "metadata", "put", "-custom-metadata=novalue", "secret/app"}).code, 1);
}

TEST_F(KvRequests, MetadataArePatchedWithNullForWhatGoes) {
  vault_.answer("PATCH /v1/secret/metadata/app", 204, "");
  EXPECT_EQ(run({"kv", "metadata", "patch", "-custom-metadata=a=1", "-remove-custom-metadata=b",
                 "secret/app"})
                .code,
            0);
  EXPECT_EQ(last(), R"(PATCH /v1/secret/metadata/app {"custom_metadata":{"a":"1","b":null}})");
}

TEST_F(KvRequests, MetadataAreShownWithAllVersionsInOrder) {
  vault_.answer("GET /v1/secret/metadata/app", 200,
                R"({"data":{"max_versions":0,"current_version":10,"versions":{
                    "10":{"created_time":"t10","deletion_time":"","destroyed":false},
                    "9":{"created_time":"t9","deletion_time":"d9","destroyed":true}}}})");
  EXPECT_EQ(run({"kv", "metadata", "get", "secret/app"}).out,
            "== Metadata Path ==\n"
            "secret/metadata/app\n"
            "\n"
            "======= Metadata =======\n"
            "Key                Value\n"
            "---                -----\n"
            "current_version    10\n"
            "max_versions       0\n"
            "\n"
            "====== Version 9 ======\n"
            "Key              Value\n"
            "---              -----\n"
            "created_time     t9\n"
            "deletion_time    d9\n"
            "destroyed        true\n"
            "\n"
            "===== Version 10 =====\n"
            "Key              Value\n"
            "---              -----\n"
            "created_time     t10\n"
            "deletion_time    n/a\n"
            "destroyed        false\n");
  EXPECT_EQ(run({"kv", "metadata", "get", "-field=current_version", "secret/app"}).out, "10");
  EXPECT_EQ(run({"kv", "metadata", "get", "-format=json", "secret/app"}).code, 0);
}

TEST_F(KvRequests, MetadataAreDeleted) {
  vault_.answer("DELETE /v1/secret/metadata/app", 204, "");
  EXPECT_EQ(run({"kv", "metadata", "delete", "secret/app"}).out,
            "Success! Data deleted (if it existed) at: secret/metadata/app\n");
}

}  // namespace
}  // namespace coffer::cli
