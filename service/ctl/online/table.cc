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
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  out << Line(headings);
  for (const Row& row : rows_) {
    out << Line(row.cells);
    for (const std::string& note : row.notes) {
      PrintWrapped(out, kNoteIndent, note);
    }
  }
}

std::string Table::Line(const std::vector<std::string>& cells) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths_[i] - cells[i].size(), ' ');
    if (i > 0) line += "  ";
    absl::StrAppend(&line, columns_[i].number ? padding : "", cells[i],
                    columns_[i].number ? "" : padding);
  }
  absl::StripTrailingAsciiWhitespace(&line);
  return line + "\n";
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
