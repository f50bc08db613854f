// A plan to change a thing of.
#pragma once

#include <string>

#include "src/ceremony/plan.h"

namespace coffer::ceremony::test {

inline std::string keys_json(std::string_view profile = "softhsm") {
  std::string out = "{";
  for (const std::string name : {"kek", "sign"}) {
    const auto role = name == "kek" ? pkcs11::KeyRole::kek : pkcs11::KeyRole::sign;
    out += (name == "kek" ? "\"" : ",\"") + name + "\":{\"label\":\"coffer " + name +
           " v1\",\"attributes\":{";
    bool first = true;
    const auto attributes = pkcs11::key_template(role, profile);
    for (const auto& each : *attributes) {
      out += (first ? "\"" : ",\"") + each.name + "\":\"" + each.value + "\"";
      first = false;
    }
    out += "}}";
  }
  return out + "}";
}

/// `number` over and over, in base64.
inline std::string key_text(std::uint8_t number) { return to_base64(Bytes(32, number)); }

inline std::string plan_json() {
  return R"({"format":1,"purpose":"keys of a vault","acts":["initialise","generate"],)"
         R"("vault":"0a1b2c3d-0000-4000-8000-00000000c0de",)"
         R"("token":{"module":"/usr/lib/m.so","label":"coffer","profile":"softhsm"},"people":{)"
         R"("sofia":{"role":"security-officer","key":")" +
         key_text(1) + R"("},"uwe":{"role":"user","key":")" + key_text(2) +
         R"("},"wilma":{"role":"witness","key":")" + key_text(3) + R"("}},"keys":)" + keys_json() +
         "}";
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? "" : text.replace(at, from.size(), to);
}

}  // namespace coffer::ceremony::test
