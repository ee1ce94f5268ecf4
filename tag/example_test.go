package tag_test

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/tag"
)

func ExampleNewID() {
	a := tag.NewID(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC))
	b := tag.NewID(time.Date(2024, 5, 2, 0, 0, 0, 0, time.UTC))
	fmt.Println(a < b)
	// Output: true
}

func ExampleParseID() {
	_, err := tag.ParseID("42")
	fmt.Println(err)
	// Output: tag id: not an id: 2 characters, want 36
}

func ExampleKey() {
	fmt.Println(tag.Key("  Hot   LEAD ") == tag.Key("hot lead"))
	// Output: true
}

func ExampleDraft_Normalize() {
	d, err := tag.Draft{Name: " Hot  Lead ", Color: "#F80"}.Normalize()
	fmt.Println(d.Name, d.Color, err)
	// Output: Hot Lead #ff8800 <nil>
}

func ExamplePatch_Apply() {
	old := tag.Tag{Name: "vip", Color: "#9333ea"}
	t, err := tag.Patch{Name: new("Gold")}.Apply(old)
	fmt.Println(t.Name, t.Color, err)
	// Output: Gold #9333ea <nil>
}

func ExampleAssignment_Compare() {
	fmt.Println(tag.Assignment{Name: "a"}.Compare(tag.Assignment{Name: "b"}))
	// Output: -1
}

func ExampleColorFor() {
	fmt.Println(tag.ColorFor("VIP") == tag.ColorFor("vip"))
	// Output: true
}

func ExampleParseColor() {
	c, err := tag.ParseColor("#F80")
	fmt.Println(c, err)
	_, err = tag.ParseColor("red")
	fmt.Println(err)
	// Output:
	// #ff8800 <nil>
	// color: want #rrggbb
}

func ExampleColor_Text() {
	fmt.Println(tag.Color("#facc15").Text(), tag.Color("#1e3a8a").Text())
	// Output: #000000 #ffffff
}

func ExampleColor_Contrast() {
	fmt.Printf("%.1f\n", tag.Color("#000000").Contrast("#ffffff"))
	// Output: 21.0
}

func ExampleColor_RGB() {
	r, g, b := tag.Color("#ff8800").RGB()
	fmt.Println(r, g, b)
	// Output: 255 136 0
}
