/** What is said. */
record Greeting(String name) {
    @Override
    public String toString() {
        return "Hello, " + (name.isEmpty() ? "world" : name) + "!\n";
    }
}
