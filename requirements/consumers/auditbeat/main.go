// Auditbeat, as its own main package starts it.
package main

import (
	"os"

	"github.com/elastic/beats/v7/auditbeat/cmd"
	_ "github.com/elastic/beats/v7/auditbeat/include"
)

func main() {
	if err := cmd.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
