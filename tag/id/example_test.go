package id_test

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/tag/id"
)

func ExampleNew() {
	early := id.New(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC))
	late := id.New(time.Date(2024, 5, 1, 0, 0, 0, 1_000, time.UTC))
	fmt.Println(len(early), early < late)
	// Output: 36 true
}

func ExampleFirst() {
	fmt.Println(id.First(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)))
	// Output: 018f3173-7000-7000-8000-000000000000
}

func ExampleTime() {
	at, ok := id.Time("018f3173-7000-7000-8000-000000000000")
	fmt.Println(at, ok)
	// Output: 2024-05-01 00:00:00 +0000 UTC true
}

func ExampleParse() {
	s, err := id.Parse("tag id", "018F3173-7000-7000-8000-000000000000")
	fmt.Println(s, err)
	_, err = id.Parse("tag id", "42")
	fmt.Println(err)
	// Output:
	// 018f3173-7000-7000-8000-000000000000 <nil>
	// tag id: not an id: 2 characters, want 36
}
