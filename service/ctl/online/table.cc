#include "service/ctl/online/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

constexpr size_t kLineWidth = 80;
constexpr size_t kNoteIndent = 4;
constexpr absl::string_view kGap = "  ";
// So much of the first column is always shown.
constexpr size_t kLeastFirst = 8;

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) {
    widths_.push_back(column.heading.size());
  }
}

void Table::AddRow(const std::vector<std::string>& cells) {
  Row row;
  for (size_t i = 0; i < columns_.size(); ++i) {
    row.cells.push_back(PrintableText(cells.at(i)));
    widths_[i] = std::max(widths_[i], row.cells.back().size());
  }
  rows_.push_back(std::move(row));
}

void Table::AddNote(absl::string_view text) {
  if (!text.empty()) rows_.back().notes.emplace_back(text);
}

void Table::Print(std::ostream& out) const {
  if (rows_.empty()) return;
  out << Line(Headings(), widths_[0]) << "\n";
  for (const Row& row : rows_) {
    out << Line(row.cells, widths_[0]) << "\n";
    for (const std::string& note : row.notes) {
      PrintWrapped(out, kNoteIndent, note);
    }
  }
}

std::vector<std::string> Table::LinesWithin(size_t width) const {
  if (rows_.empty()) return {};
  size_t others = 0;
  for (size_t i = 1; i < widths_.size(); ++i)
    others += kGap.size() + widths_[i];
  const size_t room = std::max(width, others) - others;
  const size_t first = std::min(widths_[0], std::max(room, kLeastFirst));
  std::vector<std::string> lines = {CutText(Line(Headings(), first), width)};
  for (const Row& row : rows_) {
    lines.push_back(CutText(Line(row.cells, first), width));
    for (const std::string& note : row.notes) {
      lines.push_back(
          CutText(std::string(kNoteIndent, ' ') + PrintableText(note), width));
    }
  }
  return lines;
}

std::vector<std::string> Table::Headings() const {
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  return headings;
}

std::string Table::Line(const std::vector<std::string>& cells,
                        size_t first_width) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t width = i == 0 ? first_width : widths_[i];
    const std::string cell = CutText(cells[i], width);
    const std::string padding(width - cell.size(), ' ');
    absl::StrAppend(&line, i > 0 ? kGap : "", columns_[i].number ? padding : "",
                    cell, columns_[i].number ? "" : padding);
  }
  absl::StripTrailingAsciiWhitespace(&line);
  return line;
}

void PrintWrapped(std::ostream& out, size_t indent, absl::string_view text) {
  std::string line;
  const std::string margin(indent, ' ');
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::string printable = PrintableText(word);
    if (!line.empty() &&
        indent + line.size() + 1 + printable.size() > kLineWidth) {
      out << margin << line << "\n";
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", printable);
  }
  if (!line.empty()) out << margin << line << "\n";
}

}  // namespace service
