// A decision is made for every request: it takes nothing from the heap. Seen by counting what the
// program's own operator new gives out.
#include <cstdlib>
#include <new>

#include "acl_of.h"

namespace {

std::size_t allocations = 0;  // this program's tests run on one thread

void* counted(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace coffer::policy {
namespace {

std::string rules_of_every_shape(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    switch (i % 4) {
      case 0: text += stanza("secret/data/team" + number + "/key", "read"); break;
      case 1: text += stanza("secret/data/team" + number + "/*", "read list"); break;
      case 2: text += stanza("secret/+/team" + number + "/+", "read"); break;
      default: text += stanza("secret/+/team" + number + "/a*", "deny");
    }
  }
  return text;
}

template <typename Work>
std::size_t allocations_of(const Work& work) {
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

TEST(Allocation, IsCounted) {
  EXPECT_GT(allocations_of([] { EXPECT_EQ(std::string(100, 'x').size(), 100U); }), 0U);
}

TEST(Allocation, ADecisionNeedsNoneWhateverItsRules) {
  for (const int count : {1, 20, 1000}) {
    const auto acl = acl_of({rules_of_every_shape(count)});
    int allowed = 0;
    const auto taken = allocations_of([&] {
      for (const char* path :
           {"secret/data/team0/key", "secret/data/team13/some/thing", "secret/metadata/team14/x",
            "secret/data/team15/abc", "secret/data/team7777/x", "a", "", "secret/data/team13/"}) {
        for (const Operation operation : kAllOperations) {
          allowed += may(*acl, operation, path) ? 1 : 0;
        }
      }
    });
    EXPECT_EQ(taken, 0U) << count;
    EXPECT_GT(allowed, 8);
  }
}

TEST(Allocation, NeitherDoParametersOfTheUsualKind) {
  const auto acl = acl_of({stanza("a", "update",
                                  "required_parameters = [\"ttl\"]\n"
                                  "denied_parameters = { policies = [\"root\", 7] }\n"
                                  "allowed_parameters = { \"*\" = [] TTL = [\"1h\", 60, true] }\n"
                                  "min_wrapping_ttl = 5")});
  const auto fields =
      model::Fields::parse(R"({"TTL":"1h","ttl":60,"Policies":"default","more":[1,{"a":2}]})");
  ASSERT_TRUE(fields.ok());
  bool allowed = false;
  const auto taken = allocations_of([&] {
    allowed = acl->decide({.operation = Operation::update,
                           .path = "a",
                           .parameters = &*fields,
                           .wrap_ttl = std::chrono::seconds(10)})
                  .allowed;
  });
  EXPECT_TRUE(allowed);
  EXPECT_EQ(taken, 0U);
}

}  // namespace
}  // namespace coffer::policy
