// How consumed messages are written.
#include "cli/record_format.h"

#include "cli/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace kontiki::cli {
namespace {

RecordView record() {
  return {"t", 3, 17, 1234, "key", "value", {{"h", "x"}, {"n", std::nullopt}}};
}

std::string formatted(std::string_view format) {
  std::string out;
  append_formatted(out, format, record());
  return out;
}

TEST(RecordFormat, EveryLetter) {
  EXPECT_EQ(formatted("%t %p %o %T %k %K %s %S %h %%"), "t 3 17 1234 key 3 value 5 h=x,n=NULL %");
  EXPECT_EQ(formatted("\\t\\n\\\\\\x"), "\t\n\\\\x");
}

TEST(RecordFormat, AnUnknownLetterIsRefused) {
  EXPECT_TRUE(check_format("%s\\n").has_value());
  EXPECT_FALSE(check_format("%").has_value());
  ASSERT_FALSE(check_format("%s %z").has_value());
  EXPECT_THAT(check_format("%z").error().message, ::testing::HasSubstr("'%z' means nothing"));
}

TEST(RecordFormat, JsonLine) {
  EXPECT_EQ(to_json_line(record()),
            R"({"topic":"t","partition":3,"offset":17,"timestamp_ms":1234,"key":"key","value":"value",)"
            R"("headers":[{"name":"h","value":"x"},{"name":"n","value":null}]})"
            "\n");
}

TEST(RecordFormat, OnlyWellFormedUtf8IsText) {
  const auto is_text = [](std::string_view value) {
    RecordView r = record();
    r.value = value;
    return to_json_line(r).find("value_base64") == std::string::npos;
  };
  for (const char* good : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_text(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_text(bad));
  }
}

TEST(RecordFormat, Base64OfEveryLength) {
  const auto encoded = [](std::string_view value) {
    RecordView r = record();
    r.value = value;
    const std::string line = to_json_line(r);
    const auto at = line.find("value_base64\":\"") + 15;
    return line.substr(at, line.find('"', at) - at);
  };
  EXPECT_EQ(encoded("\xff"), "/w==");
  EXPECT_EQ(encoded("\xff\xfe"), "//4=");
  EXPECT_EQ(encoded("\xff\xfe\xfd"), "//79");
  EXPECT_EQ(encoded("\xff\xfe\xfd\xfc"), "//79/A==");
}

class Lines : public ::testing::Test {
 protected:
  std::vector<std::string> read(const std::string& text) {
    std::FILE* file = std::tmpfile();
    std::fwrite(text.data(), 1, text.size(), file);
    std::rewind(file);
    LineReader reader(fileno(file));
    std::vector<std::string> lines;
    while (const auto line = reader.next()) lines.emplace_back(*line);
    error_ = reader.error();
    std::fclose(file);
    return lines;
  }
  std::optional<std::string> error_;
};

TEST_F(Lines, AreSplitAtNewlinesAndTheLastNeedsNone) {
  using V = std::vector<std::string>;
  EXPECT_EQ(read(""), V{});
  EXPECT_EQ(read("\n"), V{""});
  EXPECT_EQ(read("a"), V{"a"});
  EXPECT_EQ(read("a\n\nb"), (V{"a", "", "b"}));
}

TEST_F(Lines, LongerThanOneReadStayWhole) {
  const std::string big(3'000'000, 'x');
  const auto lines = read("a\n" + big + "\nb\n" + big);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], big);
  EXPECT_EQ(lines[2], "b");
  EXPECT_EQ(lines[3], big);
}

TEST_F(Lines, ALineWithoutEndIsRefusedInsteadOfFillingTheMemory) {
  EXPECT_TRUE(read(std::string(LineReader::kLineBytesMax + 1'000'000, 'x')).empty());
  ASSERT_TRUE(error_.has_value());
  EXPECT_THAT(*error_, ::testing::HasSubstr("longer than 100 MiB"));
}

}  // namespace
}  // namespace kontiki::cli
