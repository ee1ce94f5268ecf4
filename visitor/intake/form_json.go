package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// maxTree is the maximum number of values in a body, counted roughly, so that a small body does
// not take much memory as a tree.
const maxTree = 100_000

// decodeTree parses JSON with exact keys and all digits of numbers.
func decodeTree(body []byte) (any, error) {
	if n := bytes.Count(body, []byte(",")) + bytes.Count(body, []byte("[")) + bytes.Count(body, []byte("{")); n > maxTree {
		return nil, text.Refuse("body", fmt.Sprintf("more than %d values", maxTree))
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(&tree)
	end := decoder.InputOffset()
	if err == nil {
		if rest := bytes.TrimLeft(body[end:], " \t\r\n"); len(rest) > 0 {
			return nil, text.Refuse("body", fmt.Sprintf("not JSON: broken at byte %d", len(body)-len(rest)+1))
		}
		return tree, nil
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		end = syntax.Offset
	} else {
		end = int64(len(body))
	}
	return nil, text.Refuse("body", fmt.Sprintf("not JSON: broken at byte %d", end))
}

// parsed returns a text with a JSON object in it, as some services send it, as that object.
func parsed(node any) any {
	if s, ok := node.(string); ok && strings.HasPrefix(strings.TrimSpace(s), "{") {
		if tree, err := decodeTree([]byte(s)); err == nil {
			return tree
		}
	}
	return node
}

// scalarText returns a text, number or bool as text, "" for other values.
func scalarText(node any) string {
	switch node := node.(type) {
	case string:
		return node
	case json.Number:
		return node.String()
	case bool:
		return strconv.FormatBool(node)
	}
	return ""
}

// typedTexts returns a text, a number or a bool, or those of a list.
func typedTexts(value any) []string {
	switch value := value.(type) {
	case string, json.Number, bool:
		return []string{scalarText(value)}
	case []any:
		var values []string
		for _, item := range value {
			switch item.(type) {
			case string, json.Number, bool:
				values = append(values, scalarText(item))
			}
		}
		return values
	}
	return nil
}

// appendTree appends a form of a tree that is the same for equal trees. A null counts as absent.
func appendTree(dst []byte, node any) []byte {
	switch node := node.(type) {
	case map[string]any:
		dst = append(dst, '{')
		for _, name := range slices.Sorted(maps.Keys(node)) {
			if node[name] != nil {
				dst = appendTree(strconv.AppendQuote(dst, name), node[name])
			}
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for _, item := range node {
			dst = appendTree(dst, item)
		}
		return append(dst, ']')
	case nil:
		return append(dst, "null"...)
	}
	return strconv.AppendQuote(dst, scalarText(node))
}
