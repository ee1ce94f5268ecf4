package address_test

import (
	"fmt"

	"github.com/contactpipeline/visitors/visitor/address"
)

func ExampleEmail() {
	fmt.Println(address.Email(" Ada@Example.COM "))
	fmt.Println(address.Email("ada@example"))
	// Output:
	// Ada@example.com <nil>
	//  email: no dot in the domain
}

func ExamplePhone() {
	fmt.Println(address.Phone("+1 (202) 555-0123", nil))
	fmt.Println(address.Phone("030 123456", func(string) (string, error) { return "+4930123456", nil }))
	// Output:
	// +12025550123 <nil>
	// +4930123456 <nil>
}

func ExampleOtherSpelling() {
	fmt.Println(address.OtherSpelling("551160000000"))
	fmt.Println(address.OtherSpelling("525500000000"))
	fmt.Printf("%q\n", address.OtherSpelling("447700900123"))
	// Output:
	// 5511960000000
	// 5215500000000
	// ""
}

func ExampleOneSpelling() {
	fmt.Println(address.OneSpelling("551160000000"), address.OneSpelling("5511960000000"))
	// Output: 5511960000000 5511960000000
}

func ExampleUnicodeDomain() {
	fmt.Println(address.UnicodeDomain("xn--bcher-kva.example"))
	// Output: bücher.example
}
