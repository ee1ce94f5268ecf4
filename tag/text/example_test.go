package text_test

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/tag/text"
)

func ExampleFold() {
	fmt.Println(text.Fold("Renée ŁUKASZ  Straße"))
	// Output: renee lukasz  strasse
}

func ExampleContains() {
	fmt.Println(text.Contains("Renée Müller", text.Fold("MULL")))
	// Output: true
}

func ExampleEqual() {
	fmt.Println(text.Equal("Renée", "renee"))
	// Output: true
}

func ExampleHasPrefix() {
	fmt.Println(text.HasPrefix("Renée Müller", "renee m"))
	// Output: true
}

func ExampleHasSuffix() {
	fmt.Println(text.HasSuffix("Renée Müller", "uller"))
	// Output: true
}

func ExampleLine() {
	name, err := text.Line("name", "\u00a0 Ada \n Lovelace ", 200)
	fmt.Printf("%q %v\n", name, err)
	_, err = text.Line("name", "Ada\x00", 200)
	fmt.Println(err)
	// Output:
	// "Ada Lovelace" <nil>
	// name: NUL character
}

func ExampleClean() {
	s, err := text.Clean("description", "  first\n\tsecond\n", 1_000)
	fmt.Printf("%q %v\n", s, err)
	// Output: "first\n\tsecond" <nil>
}

func ExampleToken() {
	_, err := text.Token("external_id", "42 ", 255)
	fmt.Println(err)
	// Output: external_id: white space at an end
}

func ExampleTrim() {
	fmt.Printf("%q\n", text.Trim("\ufeff\u00a0Ada\u200b\n"))
	// Output: "Ada"
}

func ExampleBlank() {
	fmt.Println(text.Blank(" \u200b\u3164"), text.Blank("."))
	// Output: true false
}

func ExampleRefuse() {
	err := text.Refuse("email", "no @")
	var field *text.FieldError
	fmt.Println(errors.Is(err, text.ErrInvalid), errors.As(err, &field), field.Field)
	// Output: true true email
}
