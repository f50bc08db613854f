// Who could read, and the report that is signed at the end.
#include "coffer/crypto/signer.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

class LeakResponses : public SysTest {
 protected:
  std::string joined(const Json& list) {
    std::string all;
    for (const Json& one : list.elements()) all += (all.empty() ? "" : " ") + one.text();
    return all;
  }
  Answer put_report(const std::string& name, const std::string& report) {
    return write("leaks/responses/" + name, R"({"report":)" + report + "}");
  }
};

TEST_F(LeakResponses, WhoCouldReadIsToldByPolicyRoleAndToken) {
  put_policy("reader", R"(path "secret/data/app" { capabilities = ["read"] })");
  put_policy("writer", R"(path "secret/data/app" { capabilities = ["update"] })");
  put_policy("denied", R"(path "secret/data/app" { capabilities = ["deny"] })");
  ASSERT_FALSE(token_with("reader").empty());
  ASSERT_FALSE(token_with("writer").empty());
  ASSERT_TRUE(vault
                  .call(Operation::update, "auth/unix/role/web",
                        R"({"bound_uids":[4711],"policies":["reader"]})")
                  .ok());
  ASSERT_TRUE(vault
                  .call(Operation::update, "auth/unix/role/odd",
                        R"({"bound_uids":[4712],"policies":["reader","denied"]})")
                  .ok());
  const Json told = data(write("leaks/readers", R"({"path":"/secret/data/app"})"));
  EXPECT_EQ(text(told, {"path"}), "secret/data/app");
  EXPECT_EQ(joined(*told.find("policies")), "reader root");
  ASSERT_EQ(told.find("unix_roles")->elements().size(), 1U);
  const Json& role = told.find("unix_roles")->elements()[0];
  EXPECT_EQ(text(role, {"name"}), "web");
  EXPECT_EQ(role.find("uids")->compact(), "[4711]");
  std::set<std::string> holders;
  for (const Json& token : told.find("tokens")->elements()) {
    holders.insert(joined(*token.find("policies")));
  }
  EXPECT_EQ(holders, (std::set<std::string>{"reader", "root"}));
  EXPECT_EQ(text(told, {"more"}), "false");
}

TEST_F(LeakResponses, AReportGrowsUntilItIsSigned) {
  EXPECT_EQ(list("leaks/responses/").error().code, ErrorCode::not_found);
  ASSERT_TRUE(put_report("incident-1", R"({"steps":[]})").ok());
  ASSERT_TRUE(put_report("incident-1", R"({"steps":["one"]})").ok());
  EXPECT_EQ(text(data(read("leaks/responses/incident-1")), {"signed"}), "false");
  EXPECT_EQ(data(list("leaks/responses/")).find("keys")->compact(), R"(["incident-1"])");
  const Json done = data(write("leaks/responses/incident-1/sign"));
  EXPECT_EQ(text(done, {"signed"}), "true");
  const std::string document = text(done, {"document"});
  EXPECT_TRUE(document.starts_with("coffer leak report v1\n{\"vault\":\"")) << document;
  EXPECT_NE(document.find(R"("report":{"steps":["one"]}})"), std::string::npos) << document;
  EXPECT_FALSE(put_report("incident-1", "{}").ok());
  EXPECT_EQ(put_report("incident-1", "{}").error().code, ErrorCode::precondition);
  const Json again = data(write("leaks/responses/incident-1/sign"));
  EXPECT_EQ(text(again, {"signature"}), text(done, {"signature"})) << "it stands";
  EXPECT_EQ(text(data(read("leaks/responses/incident-1")), {"document"}), document);
}

TEST_F(LeakResponses, TheSignatureIsOverTheDocumentByTheVaultsKey) {
  ASSERT_TRUE(put_report("r", "{}").ok());
  const Json done = data(write("leaks/responses/r/sign"));
  const std::string document = text(done, {"document"});
  const Bytes der = *from_base64(text(done, {"signature"}));
  // SEQUENCE { INTEGER r, INTEGER s }: back to what crypto::verify takes.
  ASSERT_GT(der.size(), 8U);
  ASSERT_EQ(der[0], 0x30);
  Bytes raw;
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    ASSERT_EQ(der[at], 0x02);
    const std::size_t size = der[at + 1];
    Bytes number(der.begin() + static_cast<std::ptrdiff_t>(at + 2),
                 der.begin() + static_cast<std::ptrdiff_t>(at + 2 + size));
    while (number.size() > 32) number.erase(number.begin());
    while (number.size() < 32) number.insert(number.begin(), 0);
    raw.insert(raw.end(), number.begin(), number.end());
    at += 2 + size;
  }
  const Bytes key = to_bytes(vault.open().keyring->public_key());
  EXPECT_EQ(text(done, {"public_key"}), crypto::pem_from_spki(key));
  EXPECT_TRUE(crypto::verify(key, as_bytes(document), raw).ok());
  EXPECT_FALSE(crypto::verify(key, as_bytes(document + " "), raw).ok());
}

TEST_F(LeakResponses, NamesAndReportsAreChecked) {
  for (const char* name : {"A", "-x", "a.b", "\xc3\xa9", "a b"}) {
    EXPECT_FALSE(put_report(name, "{}").ok()) << name;
  }
  refused(put_report(std::string(65, 'a'), "{}"), "name");
  refused(put_report("r", "[]"), "report");
  refused(put_report("r", "null"), "report");
  EXPECT_EQ(write("leaks/responses/none/sign").error().code, ErrorCode::not_found);
  EXPECT_EQ(read("leaks/responses/none").error().code, ErrorCode::not_found);
}

TEST_F(LeakResponses, ASearchIsOfAPathOrOfCallers) {
  refused(write("leaks/accesses", "{}"), "either");
  refused(write("leaks/accesses", R"({"path":"a","uid":1})"), "either");
  refused(write("leaks/accesses", R"({"uid":-1})"), "uid");
  refused(write("leaks/accesses", R"({"uid":1,"from":"x"})"), "from");
  refused(write("leaks/accesses", R"({"uid":1,"from":"1:"})"), "from");
  refused(write("leaks/accesses", R"({"uid":1,"until":"1:2:3"})"), "until");
  refused(write("leaks/readers", "{}"), "path");
}

TEST_F(LeakResponses, AllOfItTakesSudo) {
  put_policy("plain", R"(path "sys/leaks/*" { capabilities = ["create","read","update","list"] })");
  const std::string token = token_with("plain");
  const std::pair<Operation, const char*> requests[] = {
      {Operation::update, "readers"},     {Operation::update, "accesses"},
      {Operation::list, "responses/"},    {Operation::read, "responses/r"},
      {Operation::update, "responses/r"}, {Operation::update, "responses/r/sign"}};
  for (const auto& [operation, path] : requests) {
    const Answer answer = vault.call_as(token, operation, std::string("sys/leaks/") + path, "{}");
    ASSERT_FALSE(answer.ok()) << path;
    EXPECT_EQ(answer.error().code, ErrorCode::permission_denied) << path;
  }
}

}  // namespace
}  // namespace coffer::sys
