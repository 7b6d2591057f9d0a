FROM busybox
RUN echo made >/tool
CMD ["cat", "/tool"]
