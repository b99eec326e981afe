// Renders chat templates in the way Ollama does: JSON questions on standard input, JSON texts on standard output.
package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type message struct{ Role, Content, Thinking string }

type question struct {
	Template string
	Messages []message
	Think    *bool
}

// joined puts neighbours of one role together, and gives the system's messages once more as one text.
func joined(messages []message) (string, []message) {
	var system []string
	var all []message
	for _, next := range messages {
		if next.Role == "system" {
			system = append(system, next.Content)
		}
		if last := len(all) - 1; last >= 0 && all[last].Role == next.Role {
			all[last].Content = strings.TrimPrefix(all[last].Content+"\n\n"+next.Content, "\n\n")
			continue
		}
		all = append(all, next)
	}
	return strings.Join(system, "\n\n"), all
}

func render(q question) string {
	system, messages := joined(q.Messages)
	values := map[string]any{
		"System":     system,
		"Messages":   messages,
		"Think":      q.Think != nil && *q.Think,
		"IsThinkSet": q.Think != nil,
	}
	var text strings.Builder
	if err := template.Must(template.New("").Parse(q.Template)).Execute(&text, values); err != nil {
		panic(err)
	}
	return text.String()
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		panic(err)
	}
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = render(q)
	}
	if err := json.NewEncoder(os.Stdout).Encode(texts); err != nil {
		panic(err)
	}
}
