package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// screen shows the tour on a terminal, or as plain text in a file or pipe.
type screen struct {
	w     io.Writer
	color palette
	live  bool  // a terminal, on which a line can be overwritten
	busy  bool  // the last line will be overwritten
	err   error // the first error of w
}

// newScreen detects the colour support of f. There are no colours if f is no terminal or
// NO_COLOR is set (no-color.org).
func newScreen(f *os.File) *screen {
	s := &screen{w: f}
	info, err := f.Stat()
	s.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	switch deep := os.Getenv("COLORTERM"); {
	case !s.live || os.Getenv("NO_COLOR") != "":
	case deep == "truecolor" || deep == "24bit":
		s.color = trueColor
	default:
		s.color = color256
	}
	return s
}

func (s *screen) print(text string) {
	if s.busy {
		s.busy, text = false, "\r\x1b[K"+text
	}
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

// title starts the tour.
func (s *screen) title(name, path string) { s.print(s.bold(name) + s.dim(" · "+path) + "\n") }

// heading starts a step; query is its filter in the text form, or "".
func (s *screen) heading(step, query string) {
	s.print("\n" + s.bold(step))
	if query != "" {
		s.print("  " + s.dim(query))
	}
	s.print("\n")
}

func (s *screen) line(format string, args ...any) {
	s.print(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (s *screen) note(format string, args ...any) {
	s.print(s.dim(fmt.Sprintf(format, args...)) + "\n")
}

// progress returns a function that shows the progress of a step once it has taken a second.
func (s *screen) progress() func(format string, args ...any) {
	start := time.Now()
	return func(format string, args ...any) {
		if s.live && time.Since(start) > time.Second {
			s.print(fmt.Sprintf(format, args...))
			s.busy = true
		}
	}
}

func (s *screen) bold(text string) string { return s.style("1", text) }
func (s *screen) dim(text string) string  { return s.style("2", text) }

func (s *screen) style(code, text string) string {
	if s.color == noColor {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
