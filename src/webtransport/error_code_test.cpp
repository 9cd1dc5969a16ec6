#include "webtransport/error_code.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace parley {
namespace {

TEST(ErrorCode, maps_an_applications_codes_both_ways) {
  const struct {
    std::uint32_t application;
    std::uint64_t http3;
  } rows[] = {
      {0, 0x52e4a40fa8db},          {7, 0x52e4a40fa8e2},  {29, 0x52e4a40fa8f8},
      {30, 0x52e4a40fa8fa},         {77, 0x52e4a40fa92a}, {255, 0x52e4a40fa9e2},
      {0xffffffff, 0x52e5ac983162},
  };
  for (const auto& [application, http3] : rows) {
    EXPECT_EQ(http3_code_of(application), http3) << application;
    EXPECT_EQ(application_code_of(http3), application);
  }
}

TEST(ErrorCode, comes_back_from_every_application_code) {
  std::mt19937 random(1);
  for (int i = 0; i < 10000; ++i) {
    const std::uint32_t code = i < 2000 ? static_cast<std::uint32_t>(i) : random();
    ASSERT_EQ(application_code_of(http3_code_of(code)), code);
  }
}

TEST(ErrorCode, finds_no_application_code_in_other_numbers) {
  for (const std::uint64_t code : {std::uint64_t{0}, http3_code::no_error, wt_code::session_gone,
                                   std::uint64_t{0x52e4a40fa8da}, std::uint64_t{0x52e5ac983163},
                                   std::uint64_t{0x52e4a40fa8f9}, ~std::uint64_t{0}})
    EXPECT_FALSE(application_code_of(code)) << code;
}

TEST(ErrorCode, names_every_violation) {
  std::set<std::string> names;
  std::set<std::uint64_t> codes;
  for (std::size_t i = 0; i < http3_violation_count; ++i) {
    names.emplace(name_of(static_cast<Http3Violation>(i)));
    codes.insert(code_of(static_cast<Http3Violation>(i)));
  }
  EXPECT_EQ(names.size(), http3_violation_count);
  EXPECT_EQ(codes.size(), http3_violation_count);
}

}  // namespace
}  // namespace parley
