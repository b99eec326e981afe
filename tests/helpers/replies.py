"""Answers without a fence, each as a whole: `~` stands in front of what is code, all else is prose."""
# ruff: noqa: E501 (the answers)

from __future__ import annotations

ANSWERS: list[tuple[str, str]] = [
    (
        "rust",
        """
I'll write a function that reverses a string:

~fn reverse(s: &str) -> String {
~    s.chars().rev().collect()
~}

Explanation

The `chars()` method returns an iterator over the characters (Unicode scalar values) of the string. Then `.rev()` reverses it, and `.collect()` gathers them into a `String`.

Example usage:

~fn main() {
~    println!("{}", reverse("hello"));
~}

This will print: olleh
""",
    ),
    (
        "rust",
        """
Here's the code with the `HashMap` entry API -- it avoids a double lookup:

~use std::collections::HashMap;
~
~pub fn count(text: &str) -> HashMap<String, usize> {
~    let mut m = HashMap::new();
~    for w in text.split_whitespace() {
~        *m.entry(w.to_string()).or_insert(0) += 1;
~    }
~    m
~}

Key points:
- **`entry`** gets or creates the slot
- **`or_insert(0)`** starts at zero
- `split_whitespace()` splits on any whitespace; it handles tabs as well
- Time: O(n)
- Returns: HashMap<String, usize>
""",
    ),
    (
        "rust",
        """
~> fn add(a: i32, b: i32) -~> i32 {
~>     a + b
~> }
""",
    ),
    (
        "rust",
        """
As you asked, the function in Rust is:

~    fn add(a: i32, b: i32) -> i32 {
~        a + b
~    }

It adds.
""",
    ),
    (
        "go",
        """
Here's a thread-safe LRU cache in Go. It uses `container/list` and a `sync.Mutex`.

~package main
~
~import (
~	"container/list"
~	"sync"
~)
~
~type LRU struct {
~	mu sync.Mutex
~	ll *list.List
~}
~
~func main() {}

**How it works**

1. `Get(key)` moves the element to the front.
2. `Put(key, value)` inserts; if the cache is full, the last element is removed.

Note that all methods lock the mutex, so `LRU` is safe for concurrent use by multiple goroutines.

Run it with `go run main.go`.
""",
    ),
    (
        "go",
        """
First, define the struct:

~type Node struct {
~	Val  int
~	Next *Node
~}

Then its method:

~func (n *Node) Len() int {
~	c := 0
~	for n != nil {
~		c++
~		n = n.Next
~	}
~	return c
~}

You can use it like this:

~n := &Node{Val: 1}
~fmt.Println(n.Len()) // 1

That's all. Happy coding!
""",
    ),
    (
        "python",
        """
To solve this problem, we need to follow these steps:
1. Read the input.
2. Sort the list.
3. Print the result.

Here is the Python code:

~def solve(xs):
~    \"\"\"Sort the list.
~
~    Here is how it is done:
~
~    - First, copy.
~    - Then, sort.
~    \"\"\"
~    return sorted(xs)

The time complexity is O(n log n) and the space complexity is O(n).

Example:
>>> solve([3, 1, 2])
[1, 2, 3]
""",
    ),
    (
        "python",
        """
python
~def is_prime(n: int) -> bool:
~    if n < 2:
~        return False
~    return all(n % i for i in range(2, int(n ** 0.5) + 1))

This function checks if a number is prime. It does so by:
* checking whether n is less than 2
* trying every divisor up to sqrt(n)

For example, is_prime(7) returns True and is_prime(8) returns False.
""",
    ),
    (
        "python",
        """
Sure! You can use list comprehension:

~squares = [x ** 2 for x in range(10)]
~print(squares)

Output: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
""",
    ),
    (
        "python",
        """
Sure, here you go:

~import math
~
~# --- Explanation ---
~# This is a comment. It is part of the code.
~# 1. First, compute the root.
~# 2. Then, return it.
~def root(x):
~    return math.sqrt(x)
~
~# Example usage:
~print(root(2))  # Output: 1.41

Hope that helps :)
""",
    ),
    (
        "c",
        """
The following C program does this:

~#include <stdio.h>
~
~int main(void)
~{
~    int x = 5;
~
~    /* The value is printed. It
~is the only output of the program.
~    */
~    printf("%d\\n", x);
~    return 0;
~}

In this program, we declare an integer variable `x`, set it to 5, and print it using `printf()`.

Compile it using:

gcc -Wall -o prog prog.c
./prog

Output:

5
""",
    ),
    (
        "c",
        """
Certainly!

~#include <stdlib.h>
~#include <string.h>
~
~char *dup(const char *s) {
~    size_t n = strlen(s) + 1;
~    char *p = malloc(n);
~    return p ? memcpy(p, s, n) : NULL;
~}

Explanation:
- We compute the length with strlen(s) + 1 (the +1 is for the '\\0').
- malloc(n) may fail, in which case we return NULL.
- Otherwise we copy the bytes using memcpy.
""",
    ),
    (
        "cpp",
        """
This is a C++17 solution using an unordered_map:

~#include <unordered_map>
~#include <vector>
~using namespace std;
~
~class Solution {
~public:
~    vector<int> twoSum(vector<int>& nums, int target) {
~        unordered_map<int, int> seen;
~        for (int i = 0; i < (int)nums.size(); ++i) {
~            if (auto it = seen.find(target - nums[i]); it != seen.end()) return {it->second, i};
~            seen[nums[i]] = i;
~        }
~        return {};
~    }
~};

Complexity:
Time: O(n)
Space: O(n)
""",
    ),
    (
        "java",
        """
Below is a Java method that checks whether a string is a palindrome.

~public static boolean isPalindrome(String s) {
~    int i = 0, j = s.length() - 1;
~    while (i < j) {
~        if (s.charAt(i++) != s.charAt(j--)) {
~            return false;
~        }
~    }
~    return true;
~}

Usage:

~System.out.println(isPalindrome("racecar")); // true

The method compares characters from both ends. If any pair differs (i.e. s.charAt(i) != s.charAt(j)), it returns false.
""",
    ),
    (
        "java",
        """
Main.java
~import java.util.*;
~
~public class Main {
~    public static void main(String[] args) {
~        System.out.println("Hi");
~    }
~}

Sample Input:
5
1 2 3 4 5

Sample Output:
15
""",
    ),
    (
        "javascript",
        """
You can debounce a function like this:

~function debounce(fn, ms = 300) {
~  let timer;
~  return (...args) => {
~    clearTimeout(timer);
~    timer = setTimeout(() => fn(...args), ms);
~  };
~}
~
~const log = debounce(console.log, 100);
~log("a");

How it works:

- Each call clears the previous timer (if any)
- A new timer is set, and only when it fires, `fn` is called

⚠️ Note: `this` isn't preserved. Use a regular function if you need it.
""",
    ),
    (
        "typescript",
        """
Here's a type-safe event emitter:

~type Handler<T> = (payload: T) => void;
~
~export class Emitter<E extends Record<string, unknown>> {
~  private handlers: { [K in keyof E]?: Handler<E[K]>[] } = {};
~
~  on<K extends keyof E>(event: K, handler: Handler<E[K]>): void {
~    (this.handlers[event] ??= []).push(handler);
~  }
~}

Key features:
1. **Type safety**: `on('x', ...)` only accepts handlers of the right payload.
2. **No dependencies**
3. Works in Node.js and in browsers
""",
    ),
    (
        "ruby",
        """
Here's a Ruby method that does that:

~def fizzbuzz(n)
~  (1..n).map do |i|
~    if i % 15 == 0 then "FizzBuzz"
~    elsif i % 3 == 0 then "Fizz"
~    elsif i % 5 == 0 then "Buzz"
~    else i.to_s
~    end
~  end
~end

The method uses `map` to build an array. You'd call it like so:

~puts fizzbuzz(15)

And that's it.
""",
    ),
    (
        "php",
        """
Voici le code PHP demandé :

~<?php
~declare(strict_types=1);
~
~function slug(string $s): string
~{
~    return strtolower(trim(preg_replace('/[^a-z0-9]+/i', '-', $s), '-'));
~}

Cette fonction remplace tout ce qui n'est ni lettre ni chiffre par un tiret.
""",
    ),
    (
        "shell",
        """
Here's a bash script that does what you're asking for (it doesn't need root):

~#!/usr/bin/env bash
~
~# Backup. Usage: backup.sh DIR
~for d in "$@"; do
~  tar czf "$d.tgz" "$d"
~done

Save it as backup.sh, make it executable with `chmod +x backup.sh` and run it (it's fast).
""",
    ),
    (
        "shell",
        """
You can do this with find:

~find . -name '*.log' -mtime +7 -delete

- `-name '*.log'` matches log files
- `-mtime +7` means older than 7 days
- `-delete` removes them (be careful!)
""",
    ),
    (
        "csharp",
        """
Sure! You can use LINQ for that:

~using System;
~using System.Linq;
~
~public static class Text
~{
~    // Counts the words of a text.
~    public static int CountWords(string text)
~    {
~        return text.Split(new[] { ' ', '\\t' }, StringSplitOptions.RemoveEmptyEntries).Length;
~    }
~}

**How it works**

1. `Split` cuts the text at blanks.
2. `RemoveEmptyEntries` drops what is empty.

Run it with:

dotnet run
""",
    ),
    (
        "csharp",
        """
In C# 12 you can write this with top-level statements:

~var numbers = new List<int> { 3, 1, 2 };
~numbers.Sort();
~foreach (var number in numbers)
~{
~    Console.WriteLine(number);
~}

This prints the numbers in order. Note that `Sort` works in place; use `OrderBy` if you need a copy.
""",
    ),
    (
        "csharp",
        """
Here's a generic repository with an interface:

~public interface IRepository<T> where T : class
~{
~    Task<T?> FindAsync(int id);
~    void Add(T item);
~}

And the implementation:

~public class MemoryRepository<T> : IRepository<T> where T : class
~{
~    private readonly Dictionary<int, T> _items = new();
~    private int _next = 1;
~
~    public Task<T?> FindAsync(int id) => Task.FromResult(_items.GetValueOrDefault(id));
~
~    public void Add(T item) => _items[_next++] = item;
~}

The `where T : class` constraint makes sure that only reference types are used.
""",
    ),
    (
        "kotlin",
        """
Here is how you'd write it idiomatically in Kotlin:

~fun List<Int>.median(): Double {
~    val s = sorted()
~    return if (s.size % 2 == 1) s[s.size / 2].toDouble() else (s[s.size / 2 - 1] + s[s.size / 2]) / 2.0
~}

Extension functions let you call it as `listOf(1, 2, 3).median()`.

Let me know if you'd like tests too.
""",
    ),
    (
        "rust",
        """
Okay, let's break this down.

The user wants a function `max_of` that returns the largest item in a slice. Since the slice may be empty, we return an `Option<i32>`.

~pub fn max_of(xs: &[i32]) -> Option<i32> {
~    xs.iter().copied().max()
~}

### Tests

~#[cfg(test)]
~mod tests {
~    use super::*;
~
~    #[test]
~    fn works() {
~        assert_eq!(max_of(&[1, 3, 2]), Some(3));
~    }
~}
""",
    ),
    (
        "go",
        """
以下是用 Go 编写的函数：

~// Max 返回较大的值。
~func Max(a, b int) int {
~	if a > b {
~		return a
~	}
~	return b
~}

说明：
1. 函数接受两个整数 a 和 b；
2. 如果 a > b，则返回 a，否则返回 b。
""",
    ),
    (
        "java",
        """
Конечно! Вот метод на Java:

~public int max(int a, int b) {
~    return a > b ? a : b; // возвращаем большее
~}

Метод сравнивает a и b (если a > b, то возвращает a).
""",
    ),
    (
        "python",
        """
~def f(x):
~    return x + 1

Alternatively, as a lambda:

~f = lambda x: x + 1
""",
    ),
    (
        "c",
        """
~// a.c
~int f(void) { return 1; }
""",
    ),
    (
        "javascript",
        """
Of course! Here's the code you requested. It should work in all modern browsers:

~const $ = (s) => document.querySelector(s);
~$('#x').addEventListener('click', () => alert('It is done. Bye.'));

Please note the following:

* The selector must exist; otherwise, `$` returns null
* You may want to use `addEventListener` with `{ once: true }`
* If the DOM isn't ready yet, wrap it in DOMContentLoaded

Would you like me to add error handling?
""",
    ),
    (
        "rust",
        """
Solution 1: Iterative

~fn fib(n: u32) -> u64 {
~    let (mut a, mut b) = (0, 1);
~    for _ in 0..n { let t = a + b; a = b; b = t; }
~    a
~}
""",
    ),
    (
        "python",
        """
**main.py**

~import sys
~print(sys.argv)

**Notes:**

This requires Python 3.8+.
""",
    ),
    (
        "go",
        """
Input: nums = [2,7,11,15], target = 9
Output: [0,1]

~func twoSum(nums []int, target int) []int {
~	return nil
~}
""",
    ),
    (
        "typescript",
        """
1. Create the file `sum.ts`:

~export const sum = (xs: number[]): number => xs.reduce((a, b) => a + b, 0);

2. Import it where you need it.
""",
    ),
    (
        "java",
        """
[Java]
~class A { int x; }
""",
    ),
    (
        "kotlin",
        """
Kotlin:
~fun f() = 1
""",
    ),
    (
        "c",
        """
Code:

~int f(void) { return 1; }

Test:

~int main(void) { return f() - 1; }
""",
    ),
    (
        "php",
        """
PHP code:

~$x = array_sum([1, 2, 3]);
~echo $x;

Result: 6
""",
    ),
    (
        "shell",
        """
Try the following command in your terminal:

~grep -rn "TODO" --include='*.py' . | sort | uniq -c

It searches all Python files for the word TODO. The `-r` flag makes it recursive; `-n` prints line numbers.
""",
    ),
    (
        "ruby",
        """
~require 'set'
~
~class Graph
~  def initialize = @edges = Hash.new { |h, k| h[k] = Set.new }
~end
~
~__END__
~This is data.
~It is not code.
""",
    ),
    (
        "javascript",
        """
~export default function App() {
~  return (
~    <div>
~This is text.
~      <p>Hello there my friend.</p>
~    </div>
~  );
~}
""",
    ),
    (
        "python",
        """
~def f(): return 1

The above code defines a function. Here's what each part does:

`def f()`: defines it.
`return 1` - returns one.

Let me know!
""",
    ),
    (
        "rust",
        """
Sure! Below is the implementation using generics (T: Ord) and slices:

~fn max<T: Ord + Copy>(xs: &[T]) -> Option<T> { xs.iter().copied().max() }

In this code:

* `T: Ord + Copy` - bounds on T
* &[T] - a slice of T
* Option<T> - because the slice may be empty

Time complexity: O(n)
""",
    ),
    (
        "java",
        """
Solution:

~class Solution {
~    public int f() { return 1; }
~}

Explanation: We just return 1, because 1 + 0 = 1.

Time Complexity: O(1), Space Complexity: O(1).
""",
    ),
    (
        "typescript",
        """
Here's how to do it in TypeScript (v5+):

~const f = (x: number) => x * 2;

Explanation:
1) x is a number
2) It's doubled → returned
""",
    ),
    (
        "kotlin",
        """
Ecco il codice:

~fun f() = 1

Questa funzione restituisce 1.
Spero che ti sia utile!
""",
    ),
    (
        "javascript",
        """
Oto kod, o który prosiłeś:

~let x = 1;

Mam nadzieję, że to pomoże!
""",
    ),
    (
        "c",
        """
أكيد! إليك الكود:

~int f(void) { return 1; }

هذه الدالة تعيد 1.
""",
    ),
    (
        "php",
        """
Segue o código:

~<?php
~echo 1;
~?>

Este código imprime 1.
""",
    ),
    (
        "python",
        """
다음은 코드입니다:

~x = 1
~print(x)

이 코드는 1을 출력합니다.
""",
    ),
    (
        "go",
        """
Answer:
~func A() int { return 1 }
""",
    ),
    (
        "rust",
        """
**Rust code:**
~fn a() {}
**Explanation:**
It does nothing.
""",
    ),
]
